import { liveQuery, type Subscription } from 'dexie';
import type { AttuneDatabase } from '../storage/database.ts';
import type { JobRow, RunRow } from '../storage/schema.ts';
import type { TrainingProgress, TrainingService } from '../training/contract.ts';
import { JobRecord } from './job-record.ts';
import { beginJob, endOf, problemOf } from './job-states.ts';

export interface TrainingWork extends Pick<TrainingService, 'proceed' | 'proceedSweep' | 'stop'> {
  /** Where work goes on without this tab: stops following it. */
  leave?(runId: string): Promise<void>;
}

/** Where runs are computed. The tab has one queue; nodes have their own, so all that is for them goes there at once. */
export type TrainingPlace = 'tab' | 'node';

/** Id of the job of a run, or of all trials of a sweep, here or on a node. */
export function trainingJobId(of: { runId: string } | { sweepId: string }, place: TrainingPlace = 'tab'): string {
  const id = 'runId' in of ? `run:${of.runId}` : `sweep:${of.sweepId}`;
  return place === 'node' ? `train:node:${id}` : `train:${id}`;
}

/**
 * Trains in the tab that owns a workspace's writes, one run after the other, or lets nodes train. Like the reading of
 * files it follows the rows: a job that is `running` is worked on, one that was paused or cancelled is stopped, whoever
 * wrote it; so a run goes on by itself after a reload or a crash.
 */
export class TrainingJobs {
  readonly #workspaceId: string;
  readonly #training: TrainingWork;
  readonly #db: AttuneDatabase;
  readonly #place: TrainingPlace;
  #subscription: Subscription | undefined;
  /** Ids of jobs that are worked on, with their ends. */
  #active = new Map<string, Promise<void>>();
  #telling: Promise<void> = Promise.resolve();
  #told = new Map<string, JobRow['state']>();

  constructor(workspaceId: string, training: TrainingWork, db: AttuneDatabase, place: TrainingPlace = 'tab') {
    this.#workspaceId = workspaceId;
    this.#training = training;
    this.#db = db;
    this.#place = place;
  }

  follow(): void {
    this.#subscription ??= liveQuery(() => this.#rows()).subscribe((rows) => this.#reconcile(rows));
  }

  /** Stops following and working; the rows stay as they are, for the next owner. */
  async leave(): Promise<void> {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    for (const jobId of this.#active.keys()) {
      if (!this.#training.leave) await this.#stop(jobId, 'pause');
      else for (const { id } of await this.#runsOf(jobId)) await this.#training.leave(id);
    }
    await Promise.all([...this.#active.values(), this.#telling]);
  }

  /** Starts a run or a sweep, or lets it go on. */
  async begin(of: Parameters<typeof trainingJobId>[0], title: string): Promise<void> {
    const id = trainingJobId(of, this.#place);
    await beginJob(this.#db, { id, workspaceId: this.#workspaceId, kind: 'train', title, unit: 'steps' });
  }

  async #rows(): Promise<JobRow[]> {
    const rows = await this.#db.jobs.where('workspaceId').equals(this.#workspaceId).toArray();
    const own = ({ kind, id }: JobRow) => kind === 'train' && placeOf(id) === this.#place;
    return rows.filter(own).sort((a, b) => a.startedAt - b.startedAt);
  }

  #reconcile(rows: readonly JobRow[]): void {
    // A job that is stopped while nobody works on it never reaches the worker: its runs are told here, once.
    for (const { id, state } of rows) {
      if (this.#active.has(id)) continue;
      if (state === 'running') this.#told.delete(id);
      else if ((state === 'paused' || state === 'cancelled') && this.#told.get(id) !== state) {
        this.#told.set(id, state);
        this.#telling = this.#telling.then(() => this.#tellRuns(id, state));
      }
    }
    for (const id of this.#active.keys()) {
      // A row that says `done` or `failed` was written by the job itself, which is about to end.
      const state = rows.find((row) => row.id === id)?.state ?? 'cancelled';
      if (state !== 'paused' && state !== 'cancelled') continue;
      const stopping = this.#stop(id, state === 'paused' ? 'pause' : 'cancel');
      this.#telling = Promise.all([this.#telling, stopping]).then(() => undefined);
    }
    for (const row of rows) {
      const mayBegin = this.#place === 'node' || this.#active.size === 0;
      if (mayBegin && row.state === 'running' && !this.#active.has(row.id)) this.#active.set(row.id, this.#work(row));
    }
  }

  async #work({ id, title }: JobRow): Promise<void> {
    const record = new JobRecord(this.#db, id);
    const report = ({ stage, done, total, secondsLeft }: TrainingProgress) =>
      record.report({ done, total, secondsLeft, title: `${title}: ${stage.toLowerCase()}` });
    let failure: unknown;
    try {
      const sweepId = sweepOf(id);
      if (sweepId !== undefined) await this.#training.proceedSweep(sweepId, report);
      else await this.#training.proceed(runOf(id), report);
    } catch (error) {
      failure = error;
    }
    await record.flush();
    await this.#settle(id, title, failure);
    this.#active.delete(id);
    if (this.#subscription) this.#reconcile(await this.#rows());
  }

  async #settle(id: string, title: string, failure: unknown): Promise<void> {
    // Nobody follows any more: the row keeps saying `running`, and the next owner goes on.
    if (!this.#subscription) return;
    const { jobs, runs } = this.#db;
    await this.#db.transaction('rw', jobs, runs, async () => {
      const row = await jobs.get(id);
      const problem = problemOf(failure);
      const own = await this.#runsOf(id);
      if (problem) {
        // The worker may have died without a word: its run is not running any more.
        for (const run of own) {
          if (run.state === 'running') await runs.update(run.id, { state: 'failed', problem, updatedAt: Date.now() });
        }
      }
      if (row?.state !== 'running') return;
      // Stopped, and started again before it had come to its end: it is taken up anew.
      if (failure === undefined && own.some(({ state }) => state === 'paused')) return;
      await jobs.update(id, { ...endOf(row, failure), title, secondsLeft: undefined, updatedAt: Date.now() });
    });
  }

  async #stop(id: string, how: 'pause' | 'cancel'): Promise<void> {
    // Also those that are not running: one may be about to.
    for (const run of await this.#runsOf(id)) if (run.state !== 'done') await this.#training.stop(run.id, how);
    if (how === 'cancel') await this.#tellRuns(id, 'cancelled');
  }

  /** Runs of a job that nobody works on take over its state. */
  async #tellRuns(id: string, state: 'paused' | 'cancelled'): Promise<void> {
    for (const run of await this.#runsOf(id)) {
      const waits = run.state === 'waiting' || (run.state === 'paused' && state === 'cancelled');
      // On a node it may run although nobody follows it here, and goes on until the node hears of it.
      if (run.node && (waits || run.state === 'running'))
        await this.#training.stop(run.id, state === 'paused' ? 'pause' : 'cancel');
      else if (waits) await this.#db.runs.update(run.id, { state, updatedAt: Date.now() });
    }
  }

  #runsOf(jobId: string): Promise<RunRow[]> {
    const sweepId = sweepOf(jobId);
    return sweepId === undefined
      ? this.#db.runs.where('id').equals(runOf(jobId)).toArray()
      : this.#db.runs.where('sweepId').equals(sweepId).toArray();
  }
}

const placeOf = (jobId: string): TrainingPlace => (jobId.startsWith('train:node:') ? 'node' : 'tab');
// Runs on nodes were `train:node:<id>` once, and such a job may still be running.
const runOf = (jobId: string) => jobId.replace(/^train:(node:)?(run:)?/, '');
const sweepOf = (jobId: string) => /^train:(?:node:)?sweep:(.+)$/.exec(jobId)?.[1];
