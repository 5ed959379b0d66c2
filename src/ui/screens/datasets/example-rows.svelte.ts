import { liveQuery, type Subscription } from 'dexie';
import { database } from '../../../storage/database.ts';
import type { ExampleRow } from '../../../storage/schema.ts';
import { report } from '../../state/errors.svelte.ts';

/** Rows read in one go: a page is turned into objects within one frame, so 10,000 rows never hold up a key. */
const PAGE = 500;
/** Between two readings while a worker writes row after row. */
const PAUSE_MS = 1000;
/** After the last change of one's own: while somebody decides row after row, nothing is read. */
const SETTLED_MS = 1500;

/**
 * All rows of a data set in memory. A plain `LiveQuery` would read ten thousand rows anew for every row that is
 * accepted; here a change of one's own is applied at once, and rows are read again when the hands rest.
 */
export class ExampleRows {
  readonly #datasetId: string;
  #rows = $state.raw<readonly ExampleRow[]>([]);
  #loaded = $state(false);
  #subscription: Subscription | undefined;
  /** State of storage that the rows in memory stand for, and the one that it is in. */
  #known = '';
  #wanted = '';
  /** Counts changes of one's own: a reading that one of them overtook is out of date. */
  #version = 0;
  #changedAt = -Infinity;
  #readAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(datasetId: string) {
    this.#datasetId = datasetId;
  }

  /** In the order of the data set. */
  get all(): readonly ExampleRow[] {
    return this.#rows;
  }
  /** False until the first reading is done. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Follows storage until {@link leave}. */
  follow(): void {
    this.#subscription = liveQuery(() => this.#mark()).subscribe({
      next: (mark) => {
        this.#wanted = mark;
        this.#schedule();
      },
      error: report,
    });
  }

  leave(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    clearTimeout(this.#timer);
  }

  /**
   * Shows rows as they will be, then has them written; a failure brings them back as they were.
   *
   * @param changed whole rows in place of those of the same id
   */
  async change(changed: readonly ExampleRow[], write: () => Promise<unknown>): Promise<void> {
    const ids = new Set(changed.map(({ id }) => id));
    const before = this.#rows.filter(({ id }) => ids.has(id));
    this.#put(changed);
    try {
      await write();
      // What was written may differ from what was shown: a rule is judged anew, a time is set.
      const stored = await database().examples.bulkGet([...ids]);
      this.#put(stored.filter((row) => row !== undefined));
    } catch (error) {
      this.#put(before);
      throw error;
    }
  }

  #put(changed: readonly ExampleRow[]): void {
    const byId = new Map(changed.map((row) => [row.id, row]));
    this.#rows = this.#rows.map((row) => byId.get(row.id) ?? row);
    this.#version++;
    this.#changedAt = performance.now();
    this.#schedule();
  }

  /** Changes whenever rows were written: their number, and the data set's own row. */
  async #mark(): Promise<string> {
    const [dataset, count] = await Promise.all([
      database().datasets.get(this.#datasetId),
      database().examples.where('datasetId').equals(this.#datasetId).count(),
    ]);
    return `${dataset?.updatedAt} ${dataset?.hash} ${count}`;
  }

  #schedule(): void {
    if (!this.#subscription || this.#wanted === this.#known) return;
    clearTimeout(this.#timer);
    const due = Math.max(this.#changedAt + SETTLED_MS, this.#readAt + PAUSE_MS);
    this.#timer = setTimeout(() => void this.#read().catch(report), Math.max(0, due - performance.now()));
  }

  async #read(): Promise<void> {
    const mark = this.#wanted;
    const version = this.#version;
    const rows = await this.#all();
    this.#readAt = performance.now();
    if (version === this.#version) {
      this.#rows = rows;
      this.#loaded = true;
      this.#known = mark;
    }
    this.#schedule();
  }

  async #all(): Promise<ExampleRow[]> {
    const { examples } = database();
    const ids = await examples
      .where('[datasetId+ordinal]')
      .between([this.#datasetId, -Infinity], [this.#datasetId, Infinity])
      .primaryKeys();
    const rows: ExampleRow[] = [];
    for (let at = 0; at < ids.length; at += PAGE) {
      const page = await examples.bulkGet(ids.slice(at, at + PAGE));
      // A row may have been deleted since its id was read.
      for (const row of page) if (row) rows.push(row);
    }
    return rows;
  }
}
