import type { AttuneDatabase } from '../../src/storage/database.ts';
import type { ChunkRow, DocumentRow } from '../../src/storage/schema.ts';

/** A document for a test: its passages one by one, as the chunker would have cut them. */
export interface TestDocument {
  path: string;
  passages: (string | Partial<Pick<ChunkRow, 'text' | 'headings' | 'nearDuplicateOf'>>)[];
  language?: string;
}

/** Writes documents and chunks as ingesting does, each document in one transaction; replaces one of the same path. */
export async function writeDocument(
  db: AttuneDatabase,
  workspaceId: string,
  { path, passages, language = 'en' }: TestDocument,
  updatedAt = Date.now(),
): Promise<{ documentId: string; chunkIds: string[] }> {
  const documentId = `${workspaceId}/${path}`;
  let start = 0;
  const chunks: ChunkRow[] = [];
  for (const [ordinal, passage] of passages.entries()) {
    const { text = '', headings = [], nearDuplicateOf } = typeof passage === 'string' ? { text: passage } : passage;
    const hash = await sha256(JSON.stringify([headings, text]));
    const id = `${documentId}#${hash.slice(0, 8)}-${ordinal}`;
    const tokens = Math.ceil(text.length / 4) + 2;
    chunks.push({
      id,
      workspaceId,
      documentId,
      ordinal,
      start,
      end: start + text.length,
      text,
      headings,
      tokens,
      hash,
      nearDuplicateOf,
    });
    start += text.length + 2;
  }
  const name = path.split('/').at(-1)!;
  const row: DocumentRow = {
    id: documentId,
    workspaceId,
    path,
    name,
    folder: path.slice(0, -name.length - 1),
    format: 'markdown',
    bytes: start,
    contentHash: '',
    status: 'ready',
    language,
    chunkCount: chunks.length,
    addedAt: updatedAt,
    updatedAt,
  };
  await db.transaction('rw', db.documents, db.chunks, async () => {
    await db.chunks.where('documentId').equals(documentId).delete();
    await db.chunks.bulkAdd(chunks);
    await db.documents.put(row);
  });
  return { documentId, chunkIds: chunks.map(({ id }) => id) };
}

export async function deleteDocument(db: AttuneDatabase, documentId: string): Promise<void> {
  await db.transaction('rw', db.documents, db.chunks, async () => {
    await db.chunks.where('documentId').equals(documentId).delete();
    await db.documents.delete(documentId);
  });
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
