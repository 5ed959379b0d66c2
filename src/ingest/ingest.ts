import { isAbort, toProblem } from '../errors/attune-error.ts';
import { storageFull } from '../storage/storage-full.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { DocumentRow } from '../storage/schema.ts';
import type { CountTokens } from './chunk/units.ts';
import type { AddResult, IngestProgress, IngestService, SourceFile } from './contract.ts';
import { DocumentStore } from './document-store.ts';
import { NearDuplicates } from './duplicates/near-duplicates.ts';
import { hashFile } from './hashing.ts';
import { documentProblem } from './problems.ts';
import { ProgressReport } from './progress.ts';
import { readDocument } from './read-document.ts';
import { chunkSettings, type ChunkSettings } from './settings.ts';
import { openSource } from './sources.ts';

export interface IngestOptions {
  database: AttuneDatabase;
  /** Counts tokens as the search model does; asked for once per run. */
  tokenCounter: () => Promise<CountTokens>;
}

/** See {@link IngestService}. Calls for one workspace may overlap; their writes do not. */
export class Ingest implements IngestService {
  readonly #db: AttuneDatabase;
  readonly #store: DocumentStore;
  readonly #tokenCounter: IngestOptions['tokenCounter'];
  readonly #active = new Map<string, Set<AbortController>>();
  readonly #runs = new Map<string, Promise<void>>();
  readonly #writes = new Map<string, Promise<unknown>>();
  /** Signatures of the workspace that was read last; valid because every write goes through this object. */
  #duplicates: { workspaceId: string; loaded: Promise<NearDuplicates> } | undefined;

  constructor({ database, tokenCounter }: IngestOptions) {
    this.#db = database;
    this.#store = new DocumentStore(database);
    this.#tokenCounter = tokenCounter;
  }

  async add(
    workspaceId: string,
    sources: SourceFile[],
    onProgress?: (progress: IngestProgress) => void,
  ): Promise<AddResult> {
    const result: AddResult = { added: 0, changed: 0, unchanged: 0, refused: [] };
    await this.#stoppable(workspaceId, async (signal) => {
      for (const [done, source] of sources.entries()) {
        onProgress?.({ done, total: sources.length, path: source.path });
        for await (const file of openSource(source, signal)) {
          try {
            if ('error' in file) throw file.error;
            const contentHash = await hashFile(file.blob, signal);
            result[await this.#store.putFile(workspaceId, { ...file, contentHash })]++;
          } catch (error) {
            if (isAbort(error) && signal.aborted) throw error;
            // Also a full disk: a smaller file may still fit, and every file says why it is missing.
            result.refused.push({ path: file.path, problem: toProblem(storageFull(error)) });
          }
        }
      }
    });
    onProgress?.({ done: sources.length, total: sources.length });
    return result;
  }

  async run(workspaceId: string, onProgress?: (progress: IngestProgress) => void): Promise<void> {
    // A second call waits for the first, then reads what came in meanwhile.
    while (this.#runs.has(workspaceId)) await this.#runs.get(workspaceId)!.catch(() => undefined);
    const run = this.#stoppable(workspaceId, (signal) => this.#readAll(workspaceId, signal, onProgress));
    this.#runs.set(workspaceId, run);
    try {
      await run;
    } finally {
      this.#runs.delete(workspaceId);
    }
  }

  async stop(workspaceId: string): Promise<void> {
    for (const controller of this.#active.get(workspaceId) ?? []) controller.abort();
    await this.#runs.get(workspaceId)?.catch(() => undefined);
    await this.#writes.get(workspaceId);
  }

  async requeue(workspaceId: string, documentIds: string[]): Promise<void> {
    await this.#exclusive(workspaceId, () => this.#store.requeue(documentIds));
  }

  async remove(workspaceId: string, documentIds: string[]): Promise<void> {
    await this.#exclusive(workspaceId, async () => {
      const { nearDuplicateSimilarity } = await this.#settings(workspaceId);
      await this.#keepingDuplicates(async () =>
        this.#store.remove(workspaceId, documentIds, await this.#duplicatesOf(workspaceId), nearDuplicateSimilarity),
      );
    });
  }

  async #readAll(
    workspaceId: string,
    signal: AbortSignal,
    onProgress?: (progress: IngestProgress) => void,
  ): Promise<void> {
    const count = await this.#tokenCounter();
    const progress = new ProgressReport(onProgress);
    let ahead = await this.#store.unread(workspaceId);
    while (ahead.length > 0) {
      signal.throwIfAborted();
      await this.#readOne(ahead[0]!, { count, signal, onShare: (share) => progress.at(share, ahead) });
      progress.finished(ahead[0]!);
      ahead = ahead.slice(1);
      // Files may have been added or removed meanwhile.
      if (ahead.length === 0) ahead = await this.#store.unread(workspaceId);
    }
    progress.end();
  }

  async #readOne(
    row: DocumentRow,
    options: { count: CountTokens; signal: AbortSignal; onShare: (share: number) => void },
  ): Promise<void> {
    const { workspaceId } = row;
    if (!(await this.#store.setStatus(row, 'reading'))) return;
    options.onShare(0);
    const settings = await this.#settings(workspaceId);
    try {
      const blob = await this.#store.original(row.id);
      if (!blob) throw documentProblem.corrupt(row.name, 'the browser has lost the stored file');
      const read = await readDocument(row, blob, { ...options, settings });
      await this.#exclusive(workspaceId, () =>
        this.#keepingDuplicates(async () => {
          const duplicates = settings.markNearDuplicates ? await this.#duplicatesOf(workspaceId) : undefined;
          await this.#store.commit(row, read, duplicates, settings.nearDuplicateSimilarity);
        }),
      );
    } catch (error) {
      await this.#settle(row, storageFull(error), settings, options.signal);
    }
  }

  /** A document that cannot be read fails alone; a stop or a full disk leaves it waiting and ends the run. */
  async #settle(row: DocumentRow, error: unknown, settings: ChunkSettings, signal: AbortSignal): Promise<void> {
    const problem = toProblem(error);
    if (signal.aborted || problem.code === 'storage/full') {
      // If even this write fails, `reading` is taken up by the next run just the same.
      await this.#store.setStatus(row, 'waiting').catch(() => undefined);
      throw error;
    }
    await this.#exclusive(row.workspaceId, async () =>
      this.#store.fail(row, problem, await this.#duplicatesOf(row.workspaceId), settings.nearDuplicateSimilarity),
    );
  }

  async #settings(workspaceId: string): Promise<ChunkSettings> {
    return chunkSettings((await this.#db.workspaces.get(workspaceId))?.settings);
  }

  #duplicatesOf(workspaceId: string): Promise<NearDuplicates> {
    if (this.#duplicates?.workspaceId !== workspaceId) {
      this.#duplicates = { workspaceId, loaded: NearDuplicates.load(this.#db, workspaceId) };
    }
    return this.#duplicates.loaded;
  }

  /** When a write fails, what was noted in memory for it is wrong: it is read anew. */
  async #keepingDuplicates<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      this.#duplicates = undefined;
      throw error;
    }
  }

  /** Runs `work` with a signal that `stop` aborts; being stopped is a normal end. */
  async #stoppable(workspaceId: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    const active = this.#active.get(workspaceId) ?? new Set();
    this.#active.set(workspaceId, active.add(controller));
    try {
      await work(controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      active.delete(controller);
    }
  }

  /** One write at a time per workspace: marks of near-duplicates depend on all that was written before. */
  #exclusive<T>(workspaceId: string, write: () => Promise<T>): Promise<T> {
    const before = this.#writes.get(workspaceId) ?? Promise.resolve();
    const after = before.then(write, write);
    this.#writes.set(
      workspaceId,
      after.catch(() => undefined),
    );
    return after;
  }
}
