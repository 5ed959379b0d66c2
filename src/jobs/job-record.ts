import type { AttuneDatabase } from '../storage/database.ts';
import type { JobRow } from '../storage/schema.ts';

/** Four writes a second look fluent and keep the database free for the work itself. */
const WRITE_EVERY_MS = 250;

export interface JobProgress {
  done: number;
  total: number;
  title?: string;
  /** Absent: estimated from the speed so far. */
  secondsLeft?: number;
  /** The file in hand and the share of it that is done. */
  current?: JobRow['current'];
  note?: string;
}

/**
 * Writes the progress of one job into its row. Never touches `state`: that belongs to whoever pauses or cancels, and
 * to the end of the job.
 */
export class JobRecord {
  #db: AttuneDatabase;
  #id: string;
  #startedAt = performance.now();
  #firstDone: number | undefined;
  #pending: JobProgress | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(db: AttuneDatabase, id: string) {
    this.#db = db;
    this.#id = id;
  }

  report(progress: JobProgress): void {
    this.#firstDone ??= progress.done;
    this.#pending = progress;
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_EVERY_MS);
  }

  /** Writes what is pending; awaited before the state changes, so that no late progress follows it. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const progress = this.#pending;
    if (!progress) return;
    this.#pending = undefined;
    const changes: Partial<JobRow> = {
      done: progress.done,
      total: progress.total,
      secondsLeft: progress.secondsLeft ?? this.#estimate(progress),
      current: progress.current,
      note: progress.note,
      updatedAt: Date.now(),
    };
    if (progress.title !== undefined) changes.title = progress.title;
    await this.#db.jobs.update(this.#id, changes);
  }

  #estimate({ done, total }: JobProgress): number | undefined {
    const finished = done - (this.#firstDone ?? 0);
    const seconds = (performance.now() - this.#startedAt) / 1000;
    // The first moments include loading a worker or a model; an estimate from them would jump.
    if (finished <= 0 || seconds < 2) return undefined;
    return (seconds / finished) * (total - done);
  }
}
