import { liveQuery, type Subscription } from 'dexie';
import { database } from '../../../storage/database.ts';
import type { ExampleRow } from '../../../storage/schema.ts';
import { report } from '../../state/errors.svelte.ts';

/** Rows read in one go: a page is turned into objects within one frame, so 10,000 rows never hold up a key. */
const PAGE = 500;
/** Between two readings while a worker writes row after row. */
const PAUSE_MS = 1000;

/**
 * All rows of a data set in memory. A plain `LiveQuery` would read ten thousand rows anew for every row that is
 * accepted; here a change of one's own is applied at once, and only changes by others have the rows read again.
 */
export class ExampleRows {
  readonly #datasetId: string;
  #rows = $state.raw<readonly ExampleRow[]>([]);
  #loaded = $state(false);
  #subscription: Subscription | undefined;
  /** State of storage that the rows in memory stand for. */
  #known = '';
  #wanted = '';
  #writing = 0;
  #reading = false;
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
        if (this.#writing === 0) this.#read();
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
    const before = new Map(changed.map(({ id }) => [id, this.#rows.find((row) => row.id === id)]));
    this.#put(new Map(changed.map((row) => [row.id, row])));
    this.#writing++;
    try {
      await write();
      // What was written may differ from what was shown: a rule is judged anew, a hash is made.
      const stored = await database().examples.bulkGet(changed.map(({ id }) => id));
      this.#put(new Map(stored.flatMap((row) => (row ? [[row.id, row]] : []))));
      this.#known = this.#wanted = await this.#mark();
    } catch (error) {
      this.#put(new Map([...before].flatMap(([id, row]) => (row ? [[id, row]] : []))));
      throw error;
    } finally {
      this.#writing--;
      if (this.#writing === 0) this.#read();
    }
  }

  #put(rows: ReadonlyMap<string, ExampleRow>): void {
    this.#rows = this.#rows.map((row) => rows.get(row.id) ?? row);
  }

  /** Changes whenever rows were written: their number, and the data set's own row. */
  async #mark(): Promise<string> {
    const [dataset, count] = await Promise.all([
      database().datasets.get(this.#datasetId),
      database().examples.where('datasetId').equals(this.#datasetId).count(),
    ]);
    return `${dataset?.updatedAt} ${dataset?.hash} ${count}`;
  }

  #read(): void {
    if (this.#reading || this.#wanted === this.#known || !this.#subscription) return;
    this.#reading = true;
    const mark = this.#wanted;
    this.#all()
      .then((rows) => {
        this.#rows = rows;
        this.#loaded = true;
        this.#known = mark;
      })
      .catch(report)
      .finally(() => {
        this.#timer = setTimeout(() => {
          this.#reading = false;
          if (this.#writing === 0) this.#read();
        }, PAUSE_MS);
      });
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
