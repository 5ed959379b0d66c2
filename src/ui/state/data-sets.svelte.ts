import { SvelteSet } from 'svelte/reactivity';
import { datasets } from '../../datasets/client.ts';
import type { DatasetFiles, DatasetImport, DatasetImportOptions } from '../../datasets/contract.ts';
import { isAbort, toProblem, type Problem } from '../../errors/attune-error.ts';
import { database } from '../../storage/database.ts';
import type { DatasetRow, JobRow } from '../../storage/schema.ts';
import { report } from './errors.svelte.ts';
import { jobList } from './jobs.svelte.ts';
import { LiveQuery } from './live-query.svelte.ts';
import { toasts } from './toasts.svelte.ts';
import { untilRead } from './until-read.ts';

/** Deleted on the screen, in storage until the ten seconds for an undo are over. */
const leaving = new SvelteSet<string>();

/** The data sets of a workspace and their coming and going: for their own screen and for the choice in Tune. */
export class DataSets {
  readonly #workspaceId: string;
  #rows: LiveQuery<DatasetRow[]>;
  #busy = $state<'file' | 'samples' | null>(null);
  #last = $state.raw<DatasetImport | null>(null);
  #problem = $state.raw<Problem | null>(null);

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
    this.#rows = new LiveQuery(
      () => database().datasets.where('workspaceId').equals(workspaceId).reverse().sortBy('updatedAt'),
      [],
    );
  }

  /** The latest first. */
  get rows(): DatasetRow[] {
    return this.#rows.current.filter(({ id }) => !leaving.has(id));
  }
  get loaded(): boolean {
    return this.#rows.loaded;
  }
  get busy(): 'file' | 'samples' | null {
    return this.#busy;
  }
  /** The reading of the documents that the sample questions wait for. */
  get awaited(): JobRow | undefined {
    const job = this.#busy === 'samples' ? jobList.of(this.#workspaceId, 'ingest') : undefined;
    return job?.state === 'running' ? job : undefined;
  }
  /** What the last import took and what it left out. */
  get last(): DatasetImport | null {
    return this.#last;
  }
  /** Why the last import failed; shown where it was asked for. */
  get problem(): Problem | null {
    return this.#problem;
  }

  /** @returns the new data set's id, or null when the file could not be used: see {@link problem} */
  importFile(files: DatasetFiles, options?: DatasetImportOptions): Promise<string | null> {
    return this.#bringIn('file', () => datasets.import(this.#workspaceId, files, options));
  }

  /**
   * The questions on the sample documents.
   *
   * @param documents awaited first, so that the questions' passages are found in them; absent: those that are being read
   */
  importSamples(documents: Promise<unknown> = untilRead(this.#workspaceId)): Promise<string | null> {
    return this.#bringIn('samples', async () => {
      await documents;
      return datasets.importSamples(this.#workspaceId);
    });
  }

  dismiss(): void {
    this.#last = null;
    this.#problem = null;
  }

  async rename(id: string, name: string): Promise<void> {
    await datasets.rename(id, name);
  }

  /** Takes a data set off the screen and, unless it is undone within ten seconds, out of storage. */
  remove(row: DatasetRow): void {
    leaving.add(row.id);
    if (this.#last?.datasetId === row.id) this.#last = null;
    toasts.undoable(`Deleted ${row.name}`, {
      undo: () => leaving.delete(row.id),
      commit: () =>
        void datasets.remove(row.id).catch((error) => {
          leaving.delete(row.id);
          report(error);
        }),
    });
  }

  async #bringIn(what: 'file' | 'samples', act: () => Promise<DatasetImport>): Promise<string | null> {
    this.dismiss();
    this.#busy = what;
    try {
      this.#last = await act();
      return this.#last.datasetId;
    } catch (error) {
      if (isAbort(error)) return null;
      console.error(error);
      this.#problem = toProblem(error);
      return null;
    } finally {
      this.#busy = null;
    }
  }
}
