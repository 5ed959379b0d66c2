import { isAbort } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { ChunkRow } from '../storage/schema.ts';
import type { Embedder, EmbedProgress } from './contract.ts';
import type { FileSpace } from './files/random-access.ts';
import { passageText } from './passage-text.ts';
import { VectorStore } from './vectors/vector-store.ts';
import type { WorkspaceIndex } from './workspace-index.ts';

/** Passages read and sorted by length together. More makes batches more even, and costs memory. */
const WINDOW = 512;

/**
 * Padded tokens embedded per commit. Small, since a question asked meanwhile waits for the batch in progress; a commit
 * takes a hundredth of the time that this takes to embed.
 */
const BATCH_TOKENS = 4096;

export interface SyncOptions {
  database: AttuneDatabase;
  files: FileSpace;
  index: WorkspaceIndex;
  /** Absent: only the words are brought up to date. */
  embedder: Embedder | undefined;
  /** Ends it after the batch in progress, or in the middle of waiting for another machine. */
  signal: AbortSignal;
  /** Asked before each batch: no ends it. */
  isWanted?: () => Promise<boolean>;
  onProgress: (progress: EmbedProgress) => void;
}

/**
 * Brings the vectors in line with the chunks: what is gone is erased, what is missing is embedded and committed batch by
 * batch. Killed at any point, the next call goes on with what is still missing.
 */
export async function syncIndex(options: SyncOptions): Promise<void> {
  const { index, embedder, signal } = options;
  await index.refresh();
  await eraseStale(options);
  const started = { at: performance.now(), embedded: index.embedded };
  while (embedder && !signal.aborted) {
    const before = index.vectors!.index.size;
    await embedWindow(options, embedder, missingHashes(index), started).catch((error: unknown) => {
      if (!signal.aborted || !isAbort(error)) throw error;
    });
    // Nothing was missing, or the chunks of what was have gone: the document's own change is still to come.
    if (index.vectors!.index.size === before) break;
    // Documents may have come or gone meanwhile.
    await index.refresh();
  }
  report(options, started);
  await index.text.save();
}

async function embedWindow(
  options: SyncOptions,
  embedder: Embedder,
  missing: Map<string, string>,
  started: Started,
): Promise<void> {
  const { database, index, signal, isWanted } = options;
  const rows = await database.chunks.bulkGet([...missing.values()].slice(0, WINDOW));
  for (const batch of batches(rows.filter((row) => row !== undefined))) {
    if (signal.aborted || (await isWanted?.()) === false) return;
    const vectors = await embedder.embed(batch.map(passageText), 'passage', signal);
    await index.vectors!.add(
      batch.map(({ hash }) => hash),
      vectors,
    );
    report(options, started);
  }
}

/** One chunk id for every hash without a vector, in the order of the documents. */
function missingHashes({ text, vectors }: WorkspaceIndex): Map<string, string> {
  const missing = new Map<string, string>();
  for (let number = 0; number < text.catalog.numbers; number++) {
    const passage = text.catalog.passage(number);
    if (passage && vectors!.index.slotOf(passage.hash) === undefined && !missing.has(passage.hash)) {
      missing.set(passage.hash, passage.id);
    }
  }
  return missing;
}

/** Longest first, so that memory is at its highest at once. */
function* batches(rows: readonly ChunkRow[]): Generator<ChunkRow[]> {
  const sorted = [...rows].sort((a, b) => b.tokens - a.tokens);
  for (let from = 0; from < sorted.length;) {
    const size = Math.max(1, Math.floor(BATCH_TOKENS / Math.max(1, sorted[from]!.tokens)));
    yield sorted.slice(from, from + size);
    from += size;
  }
}

/** Of every embedder's index of the workspace, since a deleted document must be gone from all of them. */
async function eraseStale({ database, files, index }: SyncOptions): Promise<void> {
  const present = new Set<string>();
  for (let number = 0; number < index.text.catalog.numbers; number++) {
    const passage = index.text.catalog.passage(number);
    if (passage) present.add(passage.hash);
  }
  const { workspaceId } = index.text;
  for (const row of await database.vectorIndexes.where('workspaceId').equals(workspaceId).toArray()) {
    const store = index.vectors?.id === row.id ? index.vectors : await VectorStore.open(database, files, row);
    const stale = [...store.index.hashes()].filter((hash) => !present.has(hash));
    if (stale.length > 0) await store.erase(stale);
  }
}

interface Started {
  at: number;
  embedded: number;
}

function report({ index, onProgress }: SyncOptions, started: Started): void {
  const done = index.embedded;
  const total = index.text.catalog.size;
  const embedded = done - started.embedded;
  const seconds = (performance.now() - started.at) / 1000;
  onProgress({ done, total, ...(embedded > 0 && { secondsLeft: ((total - done) * seconds) / embedded }) });
}
