import { adapterFolder } from '../adapters/catalogue.ts';
import type { ArchiveEntry } from '../ingest/archive/zip.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import { opfsFolders } from '../storage/folders.ts';
import type { ExampleRow, RunPointRow, RunRow, WorkspaceAdapters } from '../storage/schema.ts';
import { rowsOf } from './archive-rows.ts';
import {
  adapterFilePattern,
  adapterSchema,
  datasetSchema,
  exampleSchema,
  runPointSchema,
  runSchema,
} from './tuning-format.ts';

/** Rows written in one go. */
const BATCH = 500;

/** Reads what tuning made into a new workspace, under new ids; archives from before there was any have none of it. */
export class TuningImport {
  readonly #db: AttuneDatabase;
  readonly #workspaceId: string;
  readonly #entries: ReadonlyMap<string, ArchiveEntry>;
  readonly #signal: AbortSignal;
  readonly #newIds = new Map<string, string>();

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
      await this.#db.datasets.add({ ...row, id: this.#fresh(row.id), workspaceId });
    await this.#inBatches(
      rowsOf(rows('examples.jsonl'), exampleSchema, this.#signal),
      (row): ExampleRow => ({
        ...row,
        id: crypto.randomUUID(),
        datasetId: this.#known(row.datasetId),
        workspaceId,
        ...(row.chunkId && { chunkId: chunkIdOf(row.chunkId) }),
      }),
      (batch) => this.#db.examples.bulkAdd(batch),
    );
    for await (const row of rowsOf(rows('adapters.jsonl'), adapterSchema, this.#signal))
      await this.#db.adapters.add({ ...row, id: this.#fresh(row.id), workspaceId });
    for await (const row of rowsOf(rows('runs.jsonl'), runSchema, this.#signal)) {
      await this.#db.runs.add({
        ...row,
        id: this.#fresh(row.id),
        workspaceId,
        datasetId: this.#known(row.datasetId),
        ...(row.adapterId && { adapterId: this.#known(row.adapterId) }),
        ...(row.sweepId && { sweepId: this.#fresh(row.sweepId) }),
        ...withoutCheckpoint(row),
      });
    }
    await this.#inBatches(
      rowsOf(rows('run-points.jsonl'), runPointSchema, this.#signal),
      (row): RunPointRow => ({ ...row, runId: this.#known(row.runId) }),
      (batch) => this.#db.runPoints.bulkPut(batch),
    );
    await this.#relinkRuns();
    for (const [path, entry] of this.#entries) {
      const [, id, name] = adapterFilePattern.exec(path) ?? [];
      const own = id && this.#newIds.get(id);
      if (own && name) await opfsFolders.write(adapterFolder(own), name, await entry.blob(this.#signal));
    }
  }

  /** The adapters in force, by their new ids; starters have the same ids everywhere. */
  adapters(inForce: WorkspaceAdapters): WorkspaceAdapters {
    const roles = Object.entries(inForce) as [string, string | null][];
    const named = roles.map(([role, id]) => [role, typeof id === 'string' ? (this.#newIds.get(id) ?? id) : id]);
    return Object.fromEntries(named) as WorkspaceAdapters;
  }

  /** Adapters name the run that made them, which gets its new id after them. */
  async #relinkRuns(): Promise<void> {
    await this.#db.adapters
      .filter((row) => row.workspaceId === this.#workspaceId && row.runId !== undefined)
      .modify((row) => {
        row.runId = this.#newIds.get(row.runId!);
      });
  }

  async #inBatches<T, R>(rows: AsyncIterable<T>, convert: (row: T) => R, write: (batch: R[]) => PromiseLike<unknown>) {
    let batch: R[] = [];
    for await (const row of rows) {
      batch.push(convert(row));
      if (batch.length === BATCH) {
        await write(batch);
        batch = [];
      }
    }
    await write(batch);
  }

  #fresh(oldId: string): string {
    const known = this.#newIds.get(oldId);
    if (known) return known;
    const id = crypto.randomUUID();
    this.#newIds.set(oldId, id);
    return id;
  }

  /** What the row points to may have been deleted before the export; then the id means nothing here either. */
  #known(oldId: string): string {
    return this.#newIds.get(oldId) ?? oldId;
  }
}

/** Checkpoints are not carried along, so what was unfinished cannot go on. */
function withoutCheckpoint({ state }: Pick<RunRow, 'state'>): Partial<RunRow> {
  return state === 'done' || state === 'failed' || state === 'cancelled'
    ? {}
    : { state: 'cancelled', ended: 'stopped' };
}
