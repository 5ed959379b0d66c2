import { isAbort, toProblem } from '../errors/attune-error.ts';
import type { RunRow } from '../storage/schema.ts';
import type { TrainingProgress, TrainingService } from '../training/contract.ts';
import { trialsOf } from '../training/sweep.ts';
import { Turns } from '../training/turns.ts';
import type { NodeClient } from './client.ts';
import type { CompanionJob } from './contract.ts';
import { reaching } from './reaching.ts';
import { RunEvents } from './run-events.ts';
import { RunJob, type NodeRunDependencies } from './run-job.ts';
import { RunRows } from './run-rows.ts';

interface Active {
  controller: AbortController;
  /** Left: the work goes on there, and whoever follows next catches up. */
  how: 'pause' | 'cancel' | 'left';
}

type OnProgress = (progress: TrainingProgress) => void;

/**
 * Runs on nodes, by the interface of those in this tab: the same rows, curves and buttons. What is on the node (rows,
 * job, tuned model) stands in the run's row as soon as it is there, so that a closed tab takes nothing along.
 */
export class NodeRuns implements Pick<TrainingService, 'proceed' | 'proceedSweep' | 'stop' | 'keep'> {
  readonly #dependencies: NodeRunDependencies;
  readonly #rows: RunRows;
  readonly #job: RunJob;
  #active = new Map<string, Active>();
  /** A browser opens six connections to a host: streams of many runs would leave none for a pause. */
  readonly #turns = new Map<string, Turns>();

  constructor(dependencies: NodeRunDependencies) {
    this.#dependencies = dependencies;
    this.#rows = new RunRows(dependencies.database);
    this.#job = new RunJob(dependencies);
  }

  /**
   * Sends what was not sent yet, so that it goes on there without the tab, then follows the job from the last event that
   * is known, one of a node after the other, and brings its adapter home. A node that cannot be reached is waited for.
   *
   * @throws AttuneError `companion/*`, `training/*`; the row then is `failed` with the problem
   */
  async proceed(runId: string, onProgress?: OnProgress): Promise<void> {
    // Before anything is waited for: a stop that comes meanwhile must find it.
    this.#active.set(runId, { controller: new AbortController(), how: 'pause' });
    try {
      await this.#during(runId, (...here) => this.#follow(...here, onProgress));
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
      await each(({ id }) => this.#during(id, async (...here) => void (await this.#begin(...here, onProgress))));
      await each(({ id, name }) => {
        const tried = name.split(': ').at(-1);
        return this.#during(id, (...here) =>
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
    return this.#job.keep(runId);
  }

  /** One that nobody follows here, such as a paused one, is stopped there at once; its row says when that failed. */
  async stop(runId: string, how: 'pause' | 'cancel'): Promise<void> {
    if (this.#abort(runId, how)) return;
    const state = (await this.#rows.get(runId))?.state;
    if (state !== 'waiting' && state !== 'paused' && state !== 'running') return;
    const failure = await this.#job.stopped(runId, how);
    if (failure !== undefined) await this.#rows.update(runId, { state: 'failed', problem: toProblem(failure) });
  }

  /** Follows no longer; the node goes on. */
  async leave(runId: string): Promise<void> {
    this.#abort(runId, 'left');
  }

  /**
   * One piece of work for a run that is active, and what becomes of its row when that is stopped or fails. It waits until
   * it is followed.
   */
  async #during(runId: string, work: (run: RunRow, signal: AbortSignal) => Promise<void>): Promise<void> {
    const active = this.#active.get(runId)!;
    const { signal } = active.controller;
    try {
      const run = await this.#rows.get(runId);
      if (!run?.node || run.state === 'done') return;
      signal.throwIfAborted();
      await this.#rows.update(runId, { state: 'waiting', problem: undefined, device: run.node.name });
      await work(run, signal);
      signal.throwIfAborted();
    } catch (error) {
      const stopped = signal.aborted && (isAbort(error) || error === signal.reason);
      const failure: unknown = stopped ? await this.#ended(runId, active.how) : error;
      if (failure === undefined) return;
      await this.#rows.update(runId, { state: 'failed', problem: toProblem(failure) });
      throw failure;
    }
  }

  #begin(run: RunRow, signal: AbortSignal, onProgress?: OnProgress): Promise<CompanionJob> {
    return this.#there(run, signal, onProgress, (client) => this.#job.begun(client, run, signal, onProgress));
  }

  async #follow(run: RunRow, signal: AbortSignal, onProgress?: OnProgress): Promise<void> {
    const { id } = await this.#begin(run, signal, onProgress);
    const { nodeId } = run.node!;
    const turns = this.#turns.get(nodeId) ?? new Turns();
    this.#turns.set(nodeId, turns);
    await turns.take(signal, async () => {
      signal.throwIfAborted();
      await this.#rows.update(run.id, { state: 'running' });
      const job = await this.#there(run, signal, onProgress, (client) =>
        new RunEvents(this.#dependencies.database, run, client, onProgress).follow(id, signal),
      );
      await this.#there(run, signal, onProgress, (client) => this.#job.settle(client, run, job, signal, onProgress));
    });
  }

  /** Work with the node of a run, for as long as it takes to reach it; one that was forgotten meanwhile is left alone. */
  #there<T>(
    run: RunRow,
    signal: AbortSignal,
    onProgress: OnProgress | undefined,
    work: (client: NodeClient) => Promise<T>,
  ): Promise<T> {
    const { clientOf, patience } = this.#dependencies;
    const tell = async () => {
      const { step, steps } = (await this.#rows.get(run.id)) ?? run;
      onProgress?.({ stage: 'The node cannot be reached; trying again', done: step, total: steps });
    };
    return reaching(async () => work(await clientOf(run.node!.nodeId)), tell, signal, patience);
  }

  async #ended(runId: string, how: Active['how']): Promise<unknown> {
    return how === 'left' ? undefined : this.#job.stopped(runId, how);
  }

  /** @returns whether it was followed */
  #abort(runId: string, how: Active['how']): boolean {
    const active = this.#active.get(runId);
    if (!active) return false;
    active.how = how;
    active.controller.abort(new DOMException('The run is not followed any more.', 'AbortError'));
    return true;
  }
}
