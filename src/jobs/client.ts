import { questionGeneration } from '../datasets/generation/client.ts';
import type { GenerationRequest } from '../datasets/generation/contract.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { evaluation } from '../evaluation/client.ts';
import type { EvaluationRequest } from '../evaluation/contract.ts';
import { stoppedAs } from '../evaluation/stopped.ts';
import { ingest } from '../ingest/client.ts';
import type { AddResult, SourceFile } from '../ingest/contract.ts';
import { retrieval } from '../retrieval/client.ts';
import { database } from '../storage/database.ts';
import type { Voting } from '../storage/schema.ts';
import { training } from '../training/client.ts';
import type { SweepRequest, TrainingRequest } from '../training/contract.ts';
import type { JobProgress } from './job-record.ts';
import { RowJobs, type RowWork } from './row-jobs.ts';
import { endOrphans, trackJob, type TrackedWork } from './tracked-job.ts';
import { TrainingJobs, type TrainingWork } from './training-jobs.ts';
import { WorkspaceJobs, type JobServices } from './workspace-jobs.ts';

export { rowJobId } from './row-jobs.ts';
export { jobId } from './workspace-jobs.ts';
export { trainingJobId } from './training-jobs.ts';
export type { JobProgress } from './job-record.ts';
export type { TrackedWork } from './tracked-job.ts';

interface OwnedJobs {
  pipeline: WorkspaceJobs;
  training: TrainingJobs;
  onNodes: TrainingJobs;
  evaluations: RowJobs;
  generations: RowJobs;
}

/** Starts long work of this tab. Pausing and cancelling go through the rows (see README). */
class Jobs {
  #services: JobServices = { ingest, retrieval };
  #owned = new Map<string, OwnedJobs>();

  /** Tidies up after closed tabs; called once at start. */
  start(): Promise<void> {
    return endOrphans(database());
  }

  /** This tab has the workspace's writes: unfinished work goes on here. */
  own(workspaceId: string): void {
    if (this.#owned.has(workspaceId)) return;
    const owned = {
      pipeline: new WorkspaceJobs(workspaceId, this.#services, database()),
      training: new TrainingJobs(workspaceId, training, database()),
      onNodes: new TrainingJobs(workspaceId, nodeWork, database(), 'node'),
      evaluations: new RowJobs(workspaceId, evaluationWork(), database()),
      generations: new RowJobs(workspaceId, generationWork(), database()),
    };
    this.#owned.set(workspaceId, owned);
    owned.pipeline.follow();
    owned.training.follow();
    owned.onNodes.follow();
    owned.evaluations.follow();
    owned.generations.follow();
  }

  /** The writes go to another tab, or the workspace is deleted: stop after the commit in progress. */
  async disown(workspaceId: string): Promise<void> {
    const owned = this.#owned.get(workspaceId);
    this.#owned.delete(workspaceId);
    await owned?.pipeline.leave();
    await owned?.training.leave();
    await owned?.onNodes.leave();
    await owned?.evaluations.leave();
    await owned?.generations.leave();
  }

  /**
   * Stores files, then reads and embeds them. Resolves when they are stored; the rest goes on as a job.
   *
   * @throws AttuneError `workspace/read-only` when another tab owns the workspace.
   */
  add(workspaceId: string, sources: SourceFile[]): Promise<AddResult> {
    return this.#workspace(workspaceId).pipeline.add(sources);
  }

  /** Reads waiting documents (after `requeue`) and embeds them. @throws AttuneError `workspace/read-only` */
  async read(workspaceId: string): Promise<void> {
    await this.#workspace(workspaceId).pipeline.begin('read');
  }

  /** Brings the search index up to date, e.g. after documents were removed. @throws AttuneError `workspace/read-only` */
  async embed(workspaceId: string): Promise<void> {
    await this.#workspace(workspaceId).pipeline.begin('embed');
  }

  /**
   * Creates a training run and starts it, behind those that run already.
   *
   * @returns the run's id; its row and its curve say the rest
   * @throws AttuneError `workspace/read-only`, `training/*`
   */
  async train(request: TrainingRequest): Promise<string> {
    this.#workspace(request.workspaceId);
    const runId = await training.create(request);
    await this.#beginRun(request.workspaceId, runId);
    return runId;
  }

  /** Starts the trials of a sweep. @returns the sweep's id. @throws as {@link train} */
  async sweep(request: SweepRequest): Promise<string> {
    const { training: here, onNodes } = this.#workspace(request.workspaceId);
    const { sweepId, runIds } = await training.createSweep(request);
    await (request.node ? onNodes : here).begin({ sweepId }, sweepTitle(runIds.length));
    return sweepId;
  }

  /**
   * Lets a paused, cancelled or failed run go on from its last checkpoint; a trial with its whole sweep.
   *
   * @throws AttuneError `workspace/read-only`
   */
  async resumeRun(workspaceId: string, runId: string): Promise<void> {
    await this.#beginRun(workspaceId, runId);
  }

  /**
   * Creates an evaluation and starts it, behind those that run already.
   *
   * @returns its id; its row and its scores say the rest
   * @throws AttuneError `workspace/read-only`, `evaluation/*`
   */
  async evaluate(request: EvaluationRequest): Promise<string> {
    const { evaluations } = this.#workspace(request.workspaceId);
    const id = await evaluation.create(request);
    await evaluations.begin(id);
    return id;
  }

  /** Lets an evaluation go on, also with configurations that were added. @throws AttuneError `workspace/read-only` */
  async resumeEvaluation(workspaceId: string, evaluationId: string): Promise<void> {
    await this.#workspace(workspaceId).evaluations.begin(evaluationId);
  }

  /**
   * Lets a judge vote on two combinations of an evaluation that is done.
   *
   * @throws AttuneError `workspace/read-only`, `evaluation/*`
   */
  async letVote(workspaceId: string, evaluationId: string, voting: Voting): Promise<void> {
    const { evaluations } = this.#workspace(workspaceId);
    await evaluation.letVote(evaluationId, voting);
    await evaluations.begin(evaluationId);
  }

  /**
   * Creates a run that writes questions and starts it, behind those that run already.
   *
   * @returns the run's id and that of the data set that it writes into
   * @throws AttuneError `workspace/read-only`, `generate/*`
   */
  async generate(request: GenerationRequest): Promise<{ id: string; datasetId: string }> {
    const { generations } = this.#workspace(request.workspaceId);
    const { id, datasetId } = await questionGeneration.create(request);
    await generations.begin(id);
    return { id, datasetId };
  }

  /** Lets a run that writes questions go on from its next passage. @throws AttuneError `workspace/read-only` */
  async resumeGeneration(workspaceId: string, generationId: string): Promise<void> {
    await this.#workspace(workspaceId).generations.begin(generationId);
  }

  async #beginRun(workspaceId: string, runId: string): Promise<void> {
    const { training: here, onNodes } = this.#workspace(workspaceId);
    const run = await database().runs.get(runId);
    const place = run?.node ? onNodes : here;
    const sweepId = run?.sweepId;
    if (sweepId === undefined) return place.begin({ runId }, run?.name ?? 'Tuning');
    const trials = await database().runs.where('sweepId').equals(sweepId).count();
    await place.begin({ sweepId }, sweepTitle(trials));
  }

  /** Runs other long work of this tab with a row in the tray: see {@link trackJob}. */
  track<T>(
    work: TrackedWork,
    run: (report: (progress: JobProgress) => void, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return trackJob(database(), work, run);
  }

  #workspace(workspaceId: string) {
    const owned = this.#owned.get(workspaceId);
    if (owned) return owned;
    throw new AttuneError(
      'workspace/read-only',
      'Another tab has this workspace open and writes to it.',
      'Make the change in that tab, or close it and try again here.',
    );
  }
}

const sweepTitle = (trials: number) => `Trying ${trials} settings`;

/** Loaded with the first run on a node: most people have none. */
const onNode = async () => (await import('../companion/app-runs.ts')).nodeRuns;

const nodeWork: TrainingWork = {
  proceed: async (runId, onProgress) => (await onNode()).proceed(runId, onProgress),
  proceedSweep: async (sweepId, onProgress) => (await onNode()).proceedSweep(sweepId, onProgress),
  stop: async (runId, how) => (await onNode()).stop(runId, how),
  leave: async (runId) => (await onNode()).leave(runId),
};

function evaluationWork(): RowWork {
  return {
    kind: 'evaluate',
    unit: 'steps',
    table: database().evaluations,
    proceed: (id, onProgress) => evaluation.proceed(id, onProgress),
    stop: (id, how) => evaluation.stop(id, how),
    stoppedAs,
  };
}

function generationWork(): RowWork {
  return {
    kind: 'generate',
    unit: 'passages',
    table: database().generations,
    proceed: (id, onProgress) => questionGeneration.proceed(id, onProgress),
    stop: (id, how) => questionGeneration.stop(id, how),
  };
}

export const jobs = new Jobs();
