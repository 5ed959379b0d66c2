import { adapterFolder } from '../adapters/catalogue.ts';
import type { ArchiveEntry } from '../ingest/archive/zip.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import { opfsFolders } from '../storage/folders.ts';
import type { ExampleRow, RunPointRow, RunRow, WorkspaceAdapters } from '../storage/schema.ts';
import { rowsOf } from './archive-rows.ts';
import { withNewChunks } from './import-laboratory.ts';
import { inBatches } from './in-batches.ts';
import { datasetSchema, exampleSchema } from './laboratory-format.ts';
import { NewIds } from './new-ids.ts';
import { adapterFilePattern, adapterSchema, runPointSchema, runSchema } from './tuning-format.ts';

/** Reads what tuning made into a new workspace, under new ids; archives from before there was any have none of it. */
export class TuningImport {
  readonly #db: AttuneDatabase;
  readonly #workspaceId: string;
  readonly #entries: ReadonlyMap<string, ArchiveEntry>;
  readonly #signal: AbortSignal;
  readonly ids = new NewIds();

  constructor(
    db: AttuneDatabase,
    workspaceId: string,
    entries: ReadonlyMap<string, ArchiveEntry>,
    signal: AbortSignal,
  ) {
    this.#db = db;
    this.#workspaceId = workspaceId;
    this.#entries = entries;
    this.#signal = signal;
  }

  /** @param chunkIdOf new id of a passage by its old one */
  async run(chunkIdOf: (oldId: string) => string | undefined): Promise<void> {
    const workspaceId = this.#workspaceId;
    const rows = (name: string) => this.#entries.get(name);
    for await (const row of rowsOf(rows('datasets.jsonl'), datasetSchema, this.#signal))
      await this.#db.datasets.add({ ...row, id: this.ids.fresh(row.id), workspaceId });
    await inBatches(
      rowsOf(rows('examples.jsonl'), exampleSchema, this.#signal),
      (row): ExampleRow => ({
        ...withNewChunks(row, chunkIdOf),
        id: this.ids.fresh(row.id),
        datasetId: this.ids.known(row.datasetId),
        workspaceId,
      }),
      (batch) => this.#db.examples.bulkAdd(batch),
    );
    for await (const row of rowsOf(rows('adapters.jsonl'), adapterSchema, this.#signal))
      await this.#db.adapters.add({ ...row, id: this.ids.fresh(row.id), workspaceId });
    for await (const row of rowsOf(rows('runs.jsonl'), runSchema, this.#signal)) {
      await this.#db.runs.add({
        ...row,
        id: this.ids.fresh(row.id),
        workspaceId,
        datasetId: this.ids.known(row.datasetId),
        ...(row.adapterId && { adapterId: this.ids.known(row.adapterId) }),
        ...(row.searchAdapterId && { searchAdapterId: this.ids.get(row.searchAdapterId) ?? row.searchAdapterId }),
        ...(row.sweepId && { sweepId: this.ids.fresh(row.sweepId) }),
        ...withoutCheckpoint(row),
      });
    }
    await inBatches(
      rowsOf(rows('run-points.jsonl'), runPointSchema, this.#signal),
      (row): RunPointRow => ({ ...row, runId: this.ids.known(row.runId) }),
      (batch) => this.#db.runPoints.bulkPut(batch),
    );
    await this.#relinkRuns();
    for (const [path, entry] of this.#entries) {
      const [, id, name] = adapterFilePattern.exec(path) ?? [];
      const own = id && this.ids.get(id);
      if (own && name) await opfsFolders.write(adapterFolder(own), name, await entry.blob(this.#signal));
    }
  }

  /** The adapters in force, by their new ids; starters have the same ids everywhere. */
  adapters(inForce: WorkspaceAdapters): WorkspaceAdapters {
    const roles = Object.entries(inForce) as [string, string | null][];
    const named = roles.map(([role, id]) => [role, typeof id === 'string' ? (this.ids.get(id) ?? id) : id]);
    return Object.fromEntries(named) as WorkspaceAdapters;
  }

  /** Adapters name the run that made them, which gets its new id after them. */
  async #relinkRuns(): Promise<void> {
    await this.#db.adapters
      .filter((row) => row.workspaceId === this.#workspaceId && row.runId !== undefined)
      .modify((row) => {
        row.runId = this.ids.get(row.runId!);
      });
  }
}

/** Checkpoints are not carried along, so what was unfinished cannot go on. */
function withoutCheckpoint({ state }: Pick<RunRow, 'state'>): Partial<RunRow> {
  return state === 'done' || state === 'failed' || state === 'cancelled'
    ? {}
    : { state: 'cancelled', ended: 'stopped' };
}
