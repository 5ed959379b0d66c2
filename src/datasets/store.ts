import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { DatasetRow, ExampleRow } from '../storage/schema.ts';
import { storageFull } from '../storage/storage-full.ts';
import { assignToExisting } from './assign-parts.ts';
import { Ledger } from './ledger.ts';
import { splitValues } from './settings.ts';

/** A row that is on its way into a data set. */
export type NewExample = Omit<ExampleRow, 'id' | 'datasetId' | 'workspaceId' | 'ordinal'>;
/** The part is found for it. */
export type ExampleDraft = Omit<NewExample, 'split'> & Partial<Pick<ExampleRow, 'split'>>;

/** What a change does to the rows of a data set and to its own row. */
export interface Change {
  put?: readonly ExampleRow[];
  remove?: readonly string[];
  dataset?: Partial<DatasetRow>;
}

/**
 * The only way by which rows of a data set change: hash and counts follow in the same transaction, so a data set never
 * has another hash than its rows.
 */
export class DatasetStore {
  readonly db: AttuneDatabase;
  readonly #ledgers = new Map<string, Ledger>();

  constructor(db: AttuneDatabase) {
    this.db = db;
  }

  /** Stores a new data set with its rows. @throws AttuneError `storage/full` */
  async create(
    dataset: Pick<DatasetRow, 'workspaceId' | 'name' | 'source'> & Partial<DatasetRow>,
    examples: readonly NewExample[],
  ): Promise<DatasetRow> {
    const id = crypto.randomUUID();
    const rows = examples.map((example, ordinal) => newRow(example, id, dataset.workspaceId, ordinal));
    const ledger = new Ledger(rows);
    const now = Date.now();
    const row: DatasetRow = { createdAt: now, updatedAt: now, ...dataset, id, ...ledger.totals() };
    await this.#write(async () => {
      await this.db.datasets.add(row);
      await this.db.examples.bulkAdd(rows);
    });
    this.#ledgers.set(id, ledger);
    return row;
  }

  /** Rows of a data set in their order. */
  rows(datasetId: string): Promise<ExampleRow[]> {
    return this.db.examples.where('datasetId').equals(datasetId).sortBy('ordinal');
  }

  /** @throws AttuneError `datasets/missing` */
  async dataset(datasetId: string): Promise<DatasetRow> {
    const dataset = await this.db.datasets.get(datasetId);
    if (dataset) return dataset;
    throw new AttuneError('datasets/missing', 'This data set no longer exists.', 'Choose another one.');
  }

  /**
   * Changes rows of a data set, all or none.
   *
   * @param plan reads what it needs (only from the database) and says what becomes of it
   * @throws AttuneError `datasets/missing`, `storage/full`, what `plan` throws
   */
  async change(
    datasetId: string,
    plan: (dataset: DatasetRow) => Change | Promise<Change>,
  ): Promise<Pick<DatasetRow, 'hash' | 'counts'>> {
    try {
      return await this.#write(async () => {
        const dataset = await this.dataset(datasetId);
        const { put = [], remove = [], dataset: changes } = await plan(dataset);
        const ledger = await this.#ledger(dataset);
        for (const row of put) ledger.put(row);
        for (const id of remove) ledger.delete(id);
        const totals = ledger.totals();
        await this.db.examples.bulkDelete([...remove]);
        await this.db.examples.bulkPut([...put]);
        await this.db.datasets.put({ ...dataset, ...changes, ...totals, updatedAt: Date.now() });
        return totals;
      });
    } catch (error) {
      // What it holds may be of rows that were not written.
      this.#ledgers.delete(datasetId);
      throw error;
    }
  }

  /**
   * Adds rows behind the others. One that names no part gets that of its passage or document, or the one that keeps the
   * shares of the data set.
   *
   * @returns the new rows
   */
  async append(datasetId: string, drafts: readonly ExampleDraft[]): Promise<ExampleRow[]> {
    let added: ExampleRow[] = [];
    await this.change(datasetId, async (dataset) => {
      const dealt = await this.#dealt(dataset, drafts);
      const first = (await this.#lastOrdinal(datasetId)) + 1;
      added = dealt.map((draft, i) => newRow(draft, datasetId, dataset.workspaceId, first + i));
      return { put: added };
    });
    return added;
  }

  /** Whoever writes row after row names their parts: reading all that are there for each would take ever longer. */
  async #dealt(dataset: DatasetRow, drafts: readonly ExampleDraft[]): Promise<NewExample[]> {
    if (drafts.every((draft): draft is NewExample => draft.split !== undefined)) return [...drafts];
    const dealt = assignToExisting(await this.rows(dataset.id), drafts, splitValues(dataset));
    return drafts.map((draft, i) => ({ ...draft, split: draft.split ?? dealt[i]!.split }));
  }

  async #lastOrdinal(datasetId: string): Promise<number> {
    const places = this.db.examples.where('[datasetId+ordinal]');
    const last = await places.between([datasetId, -Infinity], [datasetId, Infinity]).last();
    return last?.ordinal ?? -1;
  }

  forget(datasetId: string): void {
    this.#ledgers.delete(datasetId);
  }

  /** The ledger as of the stored hash; another tab or worker may have changed rows since it was made. */
  async #ledger(dataset: DatasetRow): Promise<Ledger> {
    const known = this.#ledgers.get(dataset.id);
    if (known && known.totals().hash === dataset.hash) return known;
    const ledger = new Ledger(await this.rows(dataset.id));
    this.#ledgers.set(dataset.id, ledger);
    return ledger;
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    const { datasets, examples, datasetVersions } = this.db;
    try {
      return await this.db.transaction('rw', datasets, examples, datasetVersions, work);
    } catch (error) {
      throw storageFull(error);
    }
  }
}

function newRow(example: NewExample, datasetId: string, workspaceId: string, ordinal: number): ExampleRow {
  return { ...example, id: crypto.randomUUID(), datasetId, workspaceId, ordinal };
}
