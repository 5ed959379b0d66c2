import { AttuneError, isAbort, toProblem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunOnNode, RunRow } from '../storage/schema.ts';
import type { TrainingProgress, TrainingService } from '../training/contract.ts';
import { examplesOf } from '../training/run.ts';
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
  keepAdapter: (run: RunRow, zip: File, scores: { name: string; base: number; tuned: number }[]) => Promise<string>;
}

interface Active {
  controller: AbortController;
  /** Left: the work goes on there, and whoever follows next catches up. */
  how: 'pause' | 'cancel' | 'left';
}

/**
 * Runs on nodes, by the interface of those in this tab: the same rows, curves and buttons. What is on the node (rows,
 * job, tuned model) stands in the run's row as soon as it is there, so that a closed tab takes nothing along.
 */
export class NodeRuns implements Pick<TrainingService, 'proceed' | 'proceedSweep' | 'stop'> {
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
  async proceed(runId: string, onProgress?: (progress: TrainingProgress) => void): Promise<void> {
    const { database } = this.#dependencies;
    // Before anything is waited for: a stop that comes meanwhile must find it.
    const active: Active = { controller: new AbortController(), how: 'pause' };
    this.#active.set(runId, active);
    const { signal } = active.controller;
    try {
      const run = await database.runs.get(runId);
      if (!run?.node || run.state === 'done') return;
      signal.throwIfAborted();
      const client = await this.#dependencies.clientOf(run.node.nodeId);
      await this.#update(runId, { state: 'running', problem: undefined, device: run.node.name });
      const job = await this.#begun(client, run, signal, onProgress);
      const events = new RunEvents(database, run, client, onProgress);
      const ended = await events.follow(job.id, signal);
      await this.#settle(client, run, ended);
    } catch (error) {
      const stopped = signal.aborted && (isAbort(error) || error === signal.reason);
      const failure: unknown = stopped ? await this.#stopped(runId, active.how) : error;
      if (failure === undefined) return;
      await this.#update(runId, { state: 'failed', problem: toProblem(failure) });
      throw failure;
    } finally {
      this.#active.delete(runId);
    }
  }

  proceedSweep(): Promise<void> {
    return Promise.reject(
      new AttuneError('companion/no-sweep', 'Trials do not run on a node from here.', 'Start them in this tab.'),
    );
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
   * Deletes on the node what a run left there: its rows, its job's tuned model. Verified: see
   * `CompanionClient.removeFile`. The adapter here stays.
   */
  async removeThere(runId: string): Promise<void> {
    const node = (await this.#dependencies.database.runs.get(runId))?.node;
    if (!node) return;
    const client = await this.#dependencies.clientOf(node.nodeId);
    // A job that waits or is paused still holds its rows; one that is over says so, which is fine too.
    if (node.jobId) await client.control(node.jobId, 'cancel').catch(ignoreRefusal);
    if (node.fileId) await client.removeFile(node.fileId);
    await this.#updateNode(runId, { fileId: undefined, rows: undefined });
    if (node.model) await client.removeModel(node.model);
    await this.#updateNode(runId, { model: undefined });
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
  async #begun(
    client: NodeClient,
    run: RunRow,
    signal: AbortSignal,
    onProgress?: (progress: TrainingProgress) => void,
  ): Promise<CompanionJob> {
    const known = run.node!.jobId === undefined ? undefined : await client.job(run.node!.jobId, signal);
    if (known?.status === 'paused') return client.control(known.id, 'resume');
    if (known && known.status !== 'failed' && known.status !== 'cancelled') return known;
    onProgress?.({ stage: 'Looking for the model on the node', done: 0, total: run.steps });
    const hash = await this.#dependencies.weightsHash(run.modelId);
    const model = await modelThere(client, hash, { model: run.modelId, node: run.node!.name }, signal);
    let { fileId } = run.node!;
    if (!fileId) {
      onProgress?.({ stage: 'Sending the rows', done: 0, total: run.steps });
      const shipment = shipmentOf(run.task, await examplesOf(this.#dependencies.database, run));
      fileId = await client.send(shipment, signal);
      await this.#updateNode(run.id, { fileId, rows: shipment.rows });
    }
    const { task, settings, seed } = run;
    if (task === 'linear') throw onlyHere();
    const job = await client.start({ task, model, settings, seed, suffix: 'attune' }, fileId);
    await this.#updateNode(run.id, { jobId: job.id, eventId: undefined });
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
    await this.#updateNode(run.id, { model: job.fine_tuned_model });
    const scores = evaluation ? [{ name: evaluation.score, base: evaluation.base, tuned: evaluation.tuned }] : [];
    const zip = await client.adapter(job.fine_tuned_model, await this.#dependencies.weightsHash(run.modelId));
    const adapterId = await this.#dependencies.keepAdapter(run, zip, scores);
    await this.#update(run.id, {
      state: 'done',
      ended: job.total_steps !== null && job.step < job.total_steps ? 'early' : 'finished',
      step: job.step,
      adapterId,
      ...(evaluation && {
        scoreName: evaluation.score,
        baseScore: evaluation.base,
        best: { step: evaluation.step, score: evaluation.tuned },
      }),
    });
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

  async #updateNode(runId: string, changes: Partial<RunOnNode>): Promise<void> {
    await this.#dependencies.database.runs
      .where('id')
      .equals(runId)
      .modify((row) => {
        row.node = { ...row.node!, ...changes };
      });
  }
}

function ignoreRefusal(error: unknown): void {
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
