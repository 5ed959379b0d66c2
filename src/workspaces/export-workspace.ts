import { BlobReader, BlobWriter, configure, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import { SEARCH_ENDPOINT_KEY } from '../storage/workspace-search.ts';
import { FORMAT, VERSION, type Manifest } from './archive-format.ts';
import type { ArchiveProgress, ExportOptions } from './contract.ts';
import { tuningParts } from './export-tuning.ts';
import { vectorFiles } from './vector-files.ts';

configure({ useWebWorkers: false });

/** Writes a workspace as a .zip (layout: `archive-format.ts`). Holds one document at a time in memory besides the zip. */
export async function exportWorkspace(
  db: AttuneDatabase,
  workspaceId: string,
  options: ExportOptions,
  signal: AbortSignal,
  onProgress?: (progress: ArchiveProgress) => void,
): Promise<Blob> {
  const workspace = await db.workspaces.get(workspaceId);
  if (!workspace) {
    throw new AttuneError(
      'workspace/unknown',
      'The workspace is not there any more.',
      'Reload the page and choose another one.',
    );
  }
  const zip = new ZipWriter(new BlobWriter('application/zip'), { signal });
  const documents = await db.documents.where('workspaceId').equals(workspaceId).toArray();
  const counts: Manifest['counts'] = { documents: documents.length, chunks: 0, chats: 0, messages: 0 };
  const add = (name: string, rows: AsyncIterable<object> | Iterable<object>) => zip.add(name, lines(rows, signal));

  await add(
    'documents.jsonl',
    documents.map(({ workspaceId: _, updatedAt: __, ...row }) => row),
  );
  for (const [done, { id, path }] of documents.entries()) {
    onProgress?.({ done, total: documents.length });
    const original = await db.originals.get(id);
    if (original) await zip.add(`originals/${path}`, new BlobReader(original.blob));
  }
  await add(
    'texts.jsonl',
    perDocument(async (id) => {
      const row = await db.documentTexts.get(id);
      return row ? [withoutWorkspace(row)] : [];
    }),
  );
  await add(
    'chunks.jsonl',
    perDocument(async (id) => {
      const rows = await db.chunks.where('documentId').equals(id).sortBy('ordinal');
      counts.chunks += rows.length;
      return rows.map(({ hash: _, ...row }) => withoutWorkspace(row));
    }),
  );
  const chats = await db.chats.where('workspaceId').equals(workspaceId).toArray();
  const messages = await db.messages.where('workspaceId').equals(workspaceId).toArray();
  counts.chats = chats.length;
  counts.messages = messages.length;
  await add('chats.jsonl', chats.map(withoutWorkspace));
  await add('messages.jsonl', messages.map(withoutWorkspace));
  for await (const part of tuningParts(db, workspaceId)) {
    if ('rows' in part) await add(part.name, part.rows);
    else await zip.add(part.name, new BlobReader(part.blob));
  }
  if (options.vectors) await addVectors();
  // Last, because only now the counts are those of what was really written.
  await zip.add('manifest.json', new Blob([JSON.stringify(manifest(), null, 2)]).stream());
  onProgress?.({ done: documents.length, total: documents.length });
  return zip.close();

  function manifest(): Manifest {
    const { name, settings: all } = workspace!;
    // Another machine has no such endpoint, and nobody there agreed to send anything to it.
    const { [SEARCH_ENDPOINT_KEY]: _, ...settings } = all;
    return {
      format: FORMAT,
      version: VERSION,
      exportedAt: Date.now(),
      workspace: { name, settings: settings as Manifest['workspace']['settings'] },
      counts,
    };
  }

  async function* perDocument(rows: (id: string) => Promise<object[]>): AsyncGenerator<object> {
    for (const { id } of documents) yield* await rows(id);
  }

  async function addVectors(): Promise<void> {
    for await (const { path, blob } of vectorFiles(workspaceId)) await zip.add(`vectors/${path}`, new BlobReader(blob));
    const rows = await db.vectorIndexes.where('workspaceId').equals(workspaceId).toArray();
    const indexes = rows.map(({ embedderId, dimensions, count }) => ({ embedderId, dimensions, count }));
    await zip.add('vectors.json', new Blob([JSON.stringify(indexes)]).stream());
  }
}

function withoutWorkspace<T extends { workspaceId: string }>({ workspaceId: _, ...row }: T): Omit<T, 'workspaceId'> {
  return row;
}

/** Rows as JSON Lines, made as fast as they are taken. */
function lines(rows: AsyncIterable<object> | Iterable<object>, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator: AsyncIterator<object> | Iterator<object> =
    Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      signal.throwIfAborted();
      const next = (await iterator.next()) as IteratorResult<object, undefined>;
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
    },
  });
}
