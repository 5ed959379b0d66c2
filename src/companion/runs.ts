import { AttuneError, isAbort, toProblem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunOnNode, RunRow } from '../storage/schema.ts';
import type { TrainingProgress, TrainingService } from '../training/contract.ts';
import { examplesOf } from '../training/run.ts';
import { trialsOf } from '../training/sweep.ts';
import type { NodeClient } from './client.ts';
import type { CompanionJob } from './contract.ts';
import { modelThere } from './model-there.ts';
import { RunEvents } from './run-events.ts';
import { shipmentOf } from './rows.ts';

export interface NodeRunDependencies {
  database: AttuneDatabase;
  /** @throws AttuneError when it is not paired or switched off */
  clientOf: (nodeId: string) => Promise<NodeClient>;
  /** SHA-256 of a model's weights here, as a node counts it. */
  weightsHash: (modelId: string) => Promise<string>;
  /** Files the adapter that came home. @returns its id */
  keepAdapter: (run: RunRow, zip: File, scores: AdapterScore[]) => Promise<string>;
}

interface Active {
  controller: AbortController;
  /** Left: the work goes on there, and whoever follows next catches up. */
  how: 'pause' | 'cancel' | 'left';
}

type AdapterScore = { name: string; base: number; tuned: number };
type OnProgress = (progress: TrainingProgress) => void;

/**
 * Runs on nodes, by the interface of those in this tab: the same rows, curves and buttons. What is on the node (rows,
 * job, tuned model) stands in the run's row as soon as it is there, so that a closed tab takes nothing along.
 */
export class NodeRuns implements Pick<TrainingService, 'proceed' | 'proceedSweep' | 'stop' | 'keep'> {
  readonly #dependencies: NodeRunDependencies;
  #active = new Map<string, Active>();

  constructor(dependencies: NodeRunDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Sends what was not sent yet, follows the job from the last event that is known, and brings its adapter home.
   *
   * @throws AttuneError `companion/*`, `training/*`; the row then is `failed` with the problem
   */
  async proceed(runId: string, onProgress?: OnProgress): Promise<void> {
    // Before anything is waited for: a stop that comes meanwhile must find it.
    this.#active.set(runId, { controller: new AbortController(), how: 'pause' });
    try {
      await this.#during(runId, 'running', (...here) => this.#follow(...here, onProgress));
    } finally {
      this.#active.delete(runId);
    }
  }

  /**
   * All trials wait in the node's queue before the first is followed, so that they go on there without the tab. Their
   * models stay there; {@link keep} brings one home. A trial that fails holds up no other.
   *
   * @throws as {@link proceed}, what went wrong first, when all others have come to their end
   */
  async proceedSweep(sweepId: string, onProgress?: OnProgress): Promise<void> {
    const trials = await trialsOf(this.#dependencies.database, sweepId);
    const open = trials.filter(({ state }) => state !== 'done' && state !== 'cancelled');
    for (const { id } of open) this.#active.set(id, { controller: new AbortController(), how: 'pause' });
    const failures = new Map<string, unknown>();
    const each = async (work: (trial: RunRow) => Promise<void>) => {
      for (const trial of open) {
        if (!failures.has(trial.id)) await work(trial).catch((error: unknown) => failures.set(trial.id, error));
      }
    };
    try {
      await each(({ id }) =>
        this.#during(id, 'waiting', async (...here) => void (await this.#begun(...here, onProgress))),
      );
      await each(({ id, name }) => {
        const tried = name.split(': ').at(-1);
        return this.#during(id, 'running', (...here) =>
          this.#follow(...here, (progress) => onProgress?.({ ...progress, stage: `${progress.stage} with ${tried}` })),
        );
      });
    } finally {
      for (const { id } of open) this.#active.delete(id);
    }
    for (const failure of failures.values()) throw failure;
  }

  /**
   * Brings a trial's model home. @returns the adapter's id
   *
   * @throws AttuneError `companion/no-result` when the node has none of it
   */
  async keep(runId: string): Promise<string> {
    const run = await this.#dependencies.database.runs.get(runId);
    if (run?.adapterId !== undefined && (await this.#dependencies.database.adapters.get(run.adapterId)))
      return run.adapterId;
    if (!run?.node?.model) {
      throw new AttuneError(
        'companion/no-result',
        'The tuned model of this trial does not lie on the node: the trial did not end, or it was deleted there.',
        'Start the trial’s settings as a run of their own.',
      );
    }
    const client = await this.#dependencies.clientOf(run.node.nodeId);
    const { scoreName: name, baseScore, best } = run;
    const scores = best && baseScore !== undefined ? [{ name, base: baseScore, tuned: best.score }] : [];
    return this.#bringHome(client, run, run.node.model, scores);
  }

  /** One that nobody follows here, such as a paused one, is stopped there at once; its row says when that failed. */
  async stop(runId: string, how: 'pause' | 'cancel'): Promise<void> {
    if (this.#abort(runId, how)) return;
    const state = (await this.#dependencies.database.runs.get(runId))?.state;
    if (state !== 'waiting' && state !== 'paused' && state !== 'running') return;
    const failure = await this.#stopped(runId, how);
    if (failure !== undefined) await this.#update(runId, { state: 'failed', problem: toProblem(failure) });
  }

  /** Follows no longer; the node goes on. */
  async leave(runId: string): Promise<void> {
    this.#abort(runId, 'left');
  }

  /**
   * One piece of work for a run that is active, and what becomes of its row when that is stopped or fails.
   *
   * @param state of the row meanwhile
   */
  async #during(
    runId: string,
    state: 'waiting' | 'running',
    work: (client: NodeClient, run: RunRow, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const active = this.#active.get(runId)!;
    const { signal } = active.controller;
    try {
      const run = await this.#dependencies.database.runs.get(runId);
      if (!run?.node || run.state === 'done') return;
      signal.throwIfAborted();
      const client = await this.#dependencies.clientOf(run.node.nodeId);
      await this.#update(runId, { state, problem: undefined, device: run.node.name });
      await work(client, run, signal);
      signal.throwIfAborted();
    } catch (error) {
      const stopped = signal.aborted && (isAbort(error) || error === signal.reason);
      const failure: unknown = stopped ? await this.#stopped(runId, active.how) : error;
      if (failure === undefined) return;
      await this.#update(runId, { state: 'failed', problem: toProblem(failure) });
      throw failure;
    }
  }

  async #follow(client: NodeClient, run: RunRow, signal: AbortSignal, onProgress?: OnProgress): Promise<void> {
    const job = await this.#begun(client, run, signal, onProgress);
    const events = new RunEvents(this.#dependencies.database, run, client, onProgress);
    await this.#settle(client, run, await events.follow(job.id, signal));
  }

  /** @returns whether it was followed */
  #abort(runId: string, how: Active['how']): boolean {
    const active = this.#active.get(runId);
    if (!active) return false;
    active.how = how;
    active.controller.abort(new DOMException('The run is not followed any more.', 'AbortError'));
    return true;
  }

  /** The job of a run, which is sent and queued where that has not been done. */
  async #begun(client: NodeClient, run: RunRow, signal: AbortSignal, onProgress?: OnProgress): Promise<CompanionJob> {
    const known = run.node!.jobId === undefined ? undefined : await client.job(run.node!.jobId, signal);
    if (known?.status === 'paused') return client.control(known.id, 'resume');
    // What failed there unseen is told before it is tried again.
    const over = (known?.status === 'failed' || known?.status === 'cancelled') && known.status === run.state;
    if (known && !over) return known;
    onProgress?.({ stage: 'Looking for the model on the node', done: 0, total: run.steps });
    const hash = await this.#dependencies.weightsHash(run.modelId);
    const model = await modelThere(client, hash, { model: run.modelId, node: run.node!.name }, signal);
    let { fileId } = run.node!;
    if (!fileId) {
      onProgress?.({ stage: 'Sending the rows', done: 0, total: run.steps });
      const shipment = shipmentOf(run.task, await examplesOf(this.#dependencies.database, run));
      fileId = await client.send(shipment, signal);
      await this.#updateNode(await this.#alike(run), { fileId, rows: shipment.rows });
    }
    const { task, settings, seed } = run;
    if (task === 'linear') throw onlyHere();
    const job = await client.start({ task, model, settings, seed, suffix: 'attune' }, fileId);
    await this.#updateNode([run.id], { jobId: job.id, eventId: undefined });
    // What an earlier job drew is computed anew.
    await this.#dependencies.database.runPoints.where('runId').equals(run.id).delete();
    return job;
  }

  async #settle(client: NodeClient, run: RunRow, job: CompanionJob): Promise<void> {
    const { evaluation, status } = job;
    if (status === 'paused' || status === 'cancelled') {
      await this.#update(run.id, { state: status, step: job.step });
      return;
    }
    if (status !== 'succeeded' || !job.fine_tuned_model) {
      throw new AttuneError(
        `companion/${job.error?.code ?? 'failed'}`,
        `${run.node!.name}: ${job.error?.message ?? `the job ended as ${status}.`}`,
        'Change what it names and start again; the rows are still there.',
      );
    }
    await this.#updateNode([run.id], { model: job.fine_tuned_model });
    const scores = evaluation ? [{ name: evaluation.score, base: evaluation.base, tuned: evaluation.tuned }] : [];
    if (run.sweepId === undefined) await this.#bringHome(client, run, job.fine_tuned_model, scores);
    await this.#update(run.id, {
      state: 'done',
      ended: job.total_steps !== null && job.step < job.total_steps ? 'early' : 'finished',
      step: job.step,
      ...(evaluation && {
        scoreName: evaluation.score,
        baseScore: evaluation.base,
        best: { step: evaluation.step, score: evaluation.tuned },
      }),
    });
  }

  async #bringHome(client: NodeClient, run: RunRow, model: string, scores: AdapterScore[]): Promise<string> {
    const zip = await client.adapter(model, await this.#dependencies.weightsHash(run.modelId));
    const adapterId = await this.#dependencies.keepAdapter(run, zip, scores);
    await this.#update(run.id, { adapterId });
    return adapterId;
  }

  /** Tells the node. @returns why it could not be told */
  async #stopped(runId: string, how: Active['how']): Promise<unknown> {
    if (how === 'left') return undefined;
    const node = (await this.#dependencies.database.runs.get(runId))?.node;
    try {
      // A job that came to its end meanwhile refuses, and is over all the same.
      if (node?.jobId)
        await (await this.#dependencies.clientOf(node.nodeId)).control(node.jobId, how).catch(ignoreRefusal);
    } catch (error) {
      return error;
    }
    await this.#update(runId, { state: how === 'pause' ? 'paused' : 'cancelled' });
    return undefined;
  }

  async #update(runId: string, changes: Partial<RunRow>): Promise<void> {
    await this.#dependencies.database.runs.update(runId, { ...changes, updatedAt: Date.now() });
  }

  /** Runs that learn from the rows that this one sends: the trials of a sweep share theirs. */
  async #alike({ id, sweepId }: RunRow): Promise<string[]> {
    if (sweepId === undefined) return [id];
    return (await trialsOf(this.#dependencies.database, sweepId)).map((trial) => trial.id);
  }

  async #updateNode(runIds: readonly string[], changes: Partial<RunOnNode>): Promise<void> {
    await this.#dependencies.database.runs
      .where('id')
      .anyOf(runIds)
      .modify((row) => {
        row.node = { ...row.node!, ...changes };
      });
  }
}

export function ignoreRefusal(error: unknown): void {
  const refused = error instanceof AttuneError && /^companion\/(refused|not-found)$/.test(error.code);
  if (!refused) throw error;
}

function onlyHere(): AttuneError {
  return new AttuneError(
    'companion/only-here',
    'A linear adapter takes seconds in this tab; nodes do not make them.',
    'Start it in this tab.',
  );
}
