import { liveQuery, type EntityTable, type Subscription } from 'dexie';
import type { Problem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { JobRow, RunState } from '../storage/schema.ts';
import { JobRecord } from './job-record.ts';
import { beginJob, endOf, problemOf } from './job-states.ts';

/** A row that somebody works on until it is done: an evaluation, a run that writes questions. */
interface WorkRow {
  id: string;
  name: string;
  state: RunState;
  problem?: Problem;
  updatedAt: number;
}

interface WorkProgress {
  stage: string;
  done: number;
  total: number;
  secondsLeft?: number;
  note?: string;
}

/** One kind of work, whose state lies in rows of its own. */
export interface RowWork {
  kind: 'evaluate' | 'generate';
  /** Plural noun of what is counted. */
  unit: string;
  table: EntityTable<WorkRow, 'id'>;
  proceed(id: string, onProgress: (progress: WorkProgress) => void): Promise<void>;
  stop(id: string, how: 'pause' | 'cancel'): Promise<void>;
  /** What a row becomes that is stopped before its turn; absent: it takes over the state. */
  stoppedAs?: (row: WorkRow, state: 'paused' | 'cancelled') => Partial<WorkRow>;
}

/** Id of the job that works on a row. */
export const rowJobId = (kind: 'evaluate' | 'generate', rowId: string) => `${kind}:${rowId}`;

/**
 * Does one kind of work in the tab that owns a workspace's writes, one row after the other. It follows the jobs: one that
 * is `running` is worked on, one that was paused or cancelled is stopped, whoever wrote it; so work goes on by itself
 * after a reload or a crash.
 */
export class RowJobs {
  readonly #workspaceId: string;
  readonly #work: RowWork;
  readonly #db: AttuneDatabase;
  #subscription: Subscription | undefined;
  #active: string | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopping: Promise<void> = Promise.resolve();
  #told = new Map<string, JobRow['state']>();

  constructor(workspaceId: string, work: RowWork, db: AttuneDatabase) {
    this.#workspaceId = workspaceId;
    this.#work = work;
    this.#db = db;
  }

  follow(): void {
    this.#subscription ??= liveQuery(() => this.#jobs()).subscribe((jobs) => this.#reconcile(jobs));
  }

  /** Stops following and working; the rows stay as they are, for the next owner. */
  async leave(): Promise<void> {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    if (this.#active) await this.#work.stop(this.#rowOf(this.#active), 'pause');
    await Promise.all([this.#working, this.#stopping]);
  }

  /** Starts the work on a row, or lets it go on. */
  async begin(rowId: string): Promise<void> {
    const { kind, unit, table } = this.#work;
    const id = rowJobId(kind, rowId);
    const title = (await table.get(rowId))?.name ?? '';
    await beginJob(this.#db, { id, workspaceId: this.#workspaceId, kind, title, unit });
  }

  async #jobs(): Promise<JobRow[]> {
    const rows = await this.#db.jobs.where('workspaceId').equals(this.#workspaceId).toArray();
    return rows.filter(({ kind }) => kind === this.#work.kind).sort((a, b) => a.startedAt - b.startedAt);
  }

  #reconcile(jobs: readonly JobRow[]): void {
    for (const { id, state } of jobs) if (state === 'running') this.#told.delete(id);
    if (this.#active) {
      // A job that says `done` or `failed` was written by this, which is about to end.
      const state = jobs.find(({ id }) => id === this.#active)?.state ?? 'cancelled';
      if (state === 'paused' || state === 'cancelled') {
        const stop = this.#work.stop(this.#rowOf(this.#active), state === 'paused' ? 'pause' : 'cancel');
        this.#stopping = Promise.all([this.#stopping, stop]).then(() => undefined);
      }
      return;
    }
    // What waits for its turn and is stopped never reaches the worker: its row is told here, once. A row that waits
    // anew is about to begin, while its job still says how it was stopped the last time.
    for (const { id, state } of jobs) {
      if ((state === 'paused' || state === 'cancelled') && this.#told.get(id) !== state) {
        this.#told.set(id, state);
        this.#stopping = this.#stopping.then(() => this.#tell(this.#rowOf(id), state));
      }
    }
    const next = jobs.find(({ state }) => state === 'running');
    if (next) this.#working = this.#run(next.id);
  }

  async #tell(rowId: string, state: 'paused' | 'cancelled'): Promise<void> {
    const { table, stoppedAs = () => ({ state }) } = this.#work;
    const from: RunState[] = state === 'paused' ? ['waiting'] : ['waiting', 'paused'];
    const row = await table.get(rowId);
    if (row && from.includes(row.state)) {
      await table.update(rowId, { ...stoppedAs(row, state), updatedAt: Date.now() });
    }
  }

  async #run(id: string): Promise<void> {
    this.#active = id;
    const record = new JobRecord(this.#db, id);
    const title = (await this.#work.table.get(this.#rowOf(id)))?.name ?? '';
    let failure: unknown;
    try {
      await this.#work.proceed(this.#rowOf(id), ({ stage, done, total, secondsLeft, note }) =>
        record.report({
          done,
          total,
          secondsLeft,
          note,
          title: `${title}: ${stage.charAt(0).toLowerCase()}${stage.slice(1)}`,
        }),
      );
    } catch (error) {
      failure = error;
    }
    await record.flush();
    await this.#settle(id, title, failure);
    this.#active = undefined;
    if (this.#subscription) this.#reconcile(await this.#jobs());
  }

  async #settle(id: string, title: string, failure: unknown): Promise<void> {
    // Nobody follows any more: the job keeps saying `running`, and the next owner goes on.
    if (!this.#subscription) return;
    const { table } = this.#work;
    const { jobs } = this.#db;
    await this.#db.transaction('rw', jobs, table, async () => {
      const job = await jobs.get(id);
      const row = await table.get(this.#rowOf(id));
      const problem = problemOf(failure);
      // The worker may have died without a word: its row is not running any more.
      if (problem && row?.state === 'running') {
        await table.update(row.id, { state: 'failed', problem, updatedAt: Date.now() });
      }
      if (job?.state !== 'running') return;
      // Stopped, and started again before it had come to its end: it is taken up anew.
      if (failure === undefined && row?.state === 'paused') return;
      await jobs.update(id, { ...endOf(job, failure), title, secondsLeft: undefined, updatedAt: Date.now() });
    });
  }

  #rowOf(jobId: string): string {
    return jobId.slice(this.#work.kind.length + 1);
  }
}
