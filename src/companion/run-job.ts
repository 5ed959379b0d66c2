import { AttuneError } from '../errors/attune-error.ts';
import type { RunOnNode, RunRow } from '../storage/schema.ts';
import type { TrainingProgress } from '../training/contract.ts';
import { examplesOf } from '../training/run.ts';
import { ignoreMissing, type NodeClient } from './client.ts';
import type { CompanionJob } from './contract.ts';
import { fileNameOf } from './held-there.ts';
import { HomeComing, type HomeComingDependencies } from './home-coming.ts';
import { modelThere } from './model-there.ts';
import type { Patience } from './reaching.ts';
import { shipmentOf } from './rows.ts';
import { RunRows } from './run-rows.ts';

export interface NodeRunDependencies extends HomeComingDependencies {
  /** @throws AttuneError when it is not paired or switched off */
  clientOf: (nodeId: string) => Promise<NodeClient>;
  patience?: Patience;
}

/** The job of a run on its node: how it gets there and how it ends. */
export class RunJob {
  readonly #dependencies: NodeRunDependencies;
  readonly #rows: RunRows;
  readonly #home: HomeComing;

  constructor(dependencies: NodeRunDependencies) {
    this.#dependencies = dependencies;
    this.#rows = new RunRows(dependencies.database);
    this.#home = new HomeComing(dependencies);
  }

  /**
   * The job of a run, which is sent and queued where that has not been done, or where the node has it no more: its data
   * may have been wiped.
   *
   * @throws AttuneError `companion/only-here`, and as the client and `shipmentOf`
   */
  async begun(
    client: NodeClient,
    run: RunRow,
    signal: AbortSignal,
    onProgress?: (progress: TrainingProgress) => void,
  ): Promise<CompanionJob> {
    // Read anew: what an attempt before this one sent stands in the row.
    const { jobId } = (await this.#rows.get(run.id))!.node!;
    const known = jobId === undefined ? undefined : await client.job(jobId, signal).catch(ignoreMissing);
    if (known?.status === 'paused') return client.control(known.id, 'resume');
    // What failed there unseen is told before it is tried again.
    const over = (known?.status === 'failed' || known?.status === 'cancelled') && known.status === run.state;
    if (known && !over) return known;
    onProgress?.({ stage: 'Looking for the model on the node', done: 0, total: run.steps });
    const hash = await this.#dependencies.weightsHash(run.modelId);
    const model = await modelThere(client, hash, { model: run.modelId, node: run.node!.name }, signal);
    const { task, settings, seed } = run;
    if (task === 'linear') throw onlyHere();
    const fileId = (await this.#fileThere(client, run, signal)) ?? (await this.#send(client, run, signal, onProgress));
    const job =
      (await unheardOf(client, run.id, signal)) ??
      (await client.start({ task, model, settings, seed, suffix: 'attune' }, fileId, run.id));
    await this.#rows.updateNode([run.id], { jobId: job.id, eventId: undefined, notice: undefined });
    // What an earlier job drew is computed anew.
    await this.#rows.update(run.id, { step: 0, seconds: 0, best: undefined, baseScore: undefined });
    await this.#dependencies.database.runPoints.where('runId').equals(run.id).delete();
    return job;
  }

  /** The rows of a run, where the node has them, also those that arrived after their upload was cut off. */
  async #fileThere(client: NodeClient, run: RunRow, signal: AbortSignal): Promise<string | undefined> {
    const { fileId, rows } = (await this.#rows.get(run.id))!.node!;
    if (rows === undefined) return undefined;
    const found = (await client.files(signal)).find(
      ({ id, filename }) => id === fileId || filename === fileNameOf(run),
    );
    if (found) await this.#markSent(run, { fileId: found.id });
    return found?.id;
  }

  async #send(
    client: NodeClient,
    run: RunRow,
    signal: AbortSignal,
    onProgress?: (progress: TrainingProgress) => void,
  ): Promise<string> {
    onProgress?.({ stage: 'Sending the rows', done: 0, total: run.steps });
    const shipment = shipmentOf(run, await examplesOf(this.#dependencies.database, run));
    // Before the first byte leaves: a tab that is closed meanwhile must know that they may lie there.
    await this.#markSent(run, { rows: shipment.rows, fileId: undefined });
    try {
      const fileId = await client.send(shipment, fileNameOf(run), signal);
      await this.#markSent(run, { fileId });
      return fileId;
    } catch (error) {
      if (isRefused(error)) await this.#markSent(run, { rows: undefined });
      throw error;
    }
  }

  async #markSent(run: RunRow, changes: Pick<RunOnNode, 'rows' | 'fileId'>): Promise<void> {
    await this.#rows.updateNode(await this.#rows.alike(run), changes);
  }

  /** What a job that has ended means for its run. @throws AttuneError `companion/*` with what the node says of a failure */
  async settle(
    client: NodeClient,
    run: RunRow,
    job: CompanionJob,
    signal: AbortSignal,
    onProgress?: (progress: TrainingProgress) => void,
  ): Promise<void> {
    const { evaluation, status } = job;
    if (status === 'paused' || status === 'cancelled') {
      await this.#rows.update(run.id, { state: status, step: job.step });
      return;
    }
    if (status !== 'succeeded' || !job.fine_tuned_model) {
      throw new AttuneError(
        `companion/${job.error?.code ?? 'failed'}`,
        `${run.node!.name}: ${job.error?.message ?? `the job ended as ${status}.`}`,
        'Change what it names and start again; the rows are still there.',
      );
    }
    await this.#rows.updateNode([run.id], { model: job.fine_tuned_model });
    const scores = evaluation ? [{ name: evaluation.score, base: evaluation.base, tuned: evaluation.tuned }] : [];
    if (run.sweepId === undefined)
      await this.#home.bring(client, run, job.fine_tuned_model, scores, { signal, onProgress });
    await this.#rows.update(run.id, {
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

  /** Brings a trial's model home. @returns the adapter's id. @throws AttuneError `companion/no-result` */
  async keep(runId: string): Promise<string> {
    const run = await this.#rows.get(runId);
    const known = run && (await this.#home.adapterOf(run));
    if (known !== undefined) return known;
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
    return this.#home.bring(client, run, run.node.model, scores, { signal: new AbortController().signal });
  }

  /** Tells the node to stop, and the row that it has. @returns why the node could not be told */
  async stopped(runId: string, how: 'pause' | 'cancel'): Promise<unknown> {
    const node = (await this.#rows.get(runId))?.node;
    try {
      // A job that came to its end meanwhile refuses, and is over all the same.
      if (node?.jobId)
        await (await this.#dependencies.clientOf(node.nodeId)).control(node.jobId, how).catch(ignoreRefusal);
    } catch (error) {
      return error;
    }
    await this.#rows.update(runId, { state: how === 'pause' ? 'paused' : 'cancelled' });
    return undefined;
  }
}

/** A job that was begun for a run, but whose answer was lost with the connection: a second one would train for nothing. */
async function unheardOf(client: NodeClient, runId: string, signal: AbortSignal): Promise<CompanionJob | undefined> {
  const goesOn = ({ status }: CompanionJob) => status === 'queued' || status === 'running';
  return (await client.jobs(signal)).find((job) => job.metadata.run === runId && goesOn(job));
}

/** A job or file that is over or gone refuses; that is no failure of stopping or deleting it. */
export function ignoreRefusal(error: unknown): void {
  const refused = error instanceof AttuneError && /^companion\/(refused|not-found)$/.test(error.code);
  if (!refused) throw error;
}

/** The node refused what was sent, and kept nothing of it. */
function isRefused(error: unknown): boolean {
  return error instanceof AttuneError && !/^companion\/(unreachable|unable|not-deleted)$/.test(error.code);
}

function onlyHere(): AttuneError {
  return new AttuneError(
    'companion/only-here',
    'A linear adapter takes seconds in this tab; nodes do not make them.',
    'Start it in this tab.',
  );
}
