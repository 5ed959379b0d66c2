import type { Problem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { ChunkRow, DocumentFormat, DocumentRow, DocumentTextRow } from '../storage/schema.ts';
import { extendSignatures, packSignatures, type NearDuplicates } from './duplicates/near-duplicates.ts';
import { folderOf, nameOf } from './formats.ts';
import { documentIdOf } from './hashing.ts';

export interface NewFile {
  path: string;
  blob: Blob;
  format: DocumentFormat;
  contentHash: string;
}

/** What reading a document gave. */
export interface ReadResult {
  text: DocumentTextRow;
  chunks: ChunkRow[];
  title?: string;
  language?: string;
  pageCount?: number;
}

/**
 * Every write of ingest, each one transaction: after a crash a document is either as before or as after it, never in
 * between.
 */
export class DocumentStore {
  readonly #db: AttuneDatabase;

  constructor(db: AttuneDatabase) {
    this.#db = db;
  }

  /** Stores a file as a `waiting` document; one with the same path and content is left alone. */
  async putFile(workspaceId: string, file: NewFile): Promise<'added' | 'changed' | 'unchanged'> {
    const { documents, originals } = this.#db;
    const { path, blob, format, contentHash } = file;
    const id = documentIdOf(workspaceId, path);
    return this.#db.transaction('rw', documents, originals, async () => {
      const known = await documents.get(id);
      if (known?.contentHash === contentHash) return 'unchanged';
      const now = Date.now();
      const row: DocumentRow = {
        id,
        workspaceId,
        path,
        name: nameOf(path),
        folder: folderOf(path),
        format,
        bytes: blob.size,
        contentHash,
        status: 'waiting',
        // The old chunks stay, and can be found, until the new ones replace them.
        chunkCount: known?.chunkCount ?? 0,
        addedAt: known?.addedAt ?? now,
        updatedAt: later(known),
      };
      await documents.put(row);
      await originals.put({ documentId: id, workspaceId, blob });
      return known ? 'changed' : 'added';
    });
  }

  /** Documents still to be read, in the order in which they will be. */
  async unread(workspaceId: string): Promise<DocumentRow[]> {
    const states = [
      [workspaceId, 'waiting'],
      [workspaceId, 'reading'],
    ];
    const rows = await this.#db.documents.where('[workspaceId+status]').anyOf(states).toArray();
    return rows.sort(byReadingOrder);
  }

  async original(documentId: string): Promise<Blob | undefined> {
    return (await this.#db.originals.get(documentId))?.blob;
  }

  /** @returns false when the document is gone or has changed since `row` was read. */
  async setStatus(row: DocumentRow, status: 'waiting' | 'reading' | 'failed', problem?: Problem): Promise<boolean> {
    return this.#db.transaction('rw', this.#db.documents, async () => {
      const current = await this.#db.documents.get(row.id);
      if (current?.contentHash !== row.contentHash) return false;
      const { problem: _, ...rest } = current;
      await this.#db.documents.put({ ...rest, status, ...(problem && { problem }), updatedAt: later(current) });
      return true;
    });
  }

  /** A document that cannot be read any more keeps nothing of what it was before. */
  async fail(row: DocumentRow, problem: Problem, duplicates: NearDuplicates, similarity: number): Promise<void> {
    if (row.chunkCount > 0) {
      const text = { documentId: row.id, workspaceId: row.workspaceId, text: '', blocks: [] };
      if (!(await this.commit(row, { text, chunks: [] }, duplicates, similarity))) return;
    }
    await this.setStatus(row, 'failed', problem);
  }

  /**
   * Replaces text and chunks of a document and marks it `ready`.
   *
   * @returns false, with nothing written, when the document was removed or changed while it was being read.
   */
  async commit(
    row: DocumentRow,
    read: ReadResult,
    duplicates: NearDuplicates | undefined,
    similarity: number,
  ): Promise<boolean> {
    const { documents, documentTexts, chunks, signatures } = this.#db;
    const old = await chunks.where('documentId').equals(row.id).primaryKeys();
    const fresh = new Set(read.chunks.map((chunk) => chunk.id));
    const gone = old.filter((id) => !fresh.has(id));
    const orphans = await this.#orphansOf(row.workspaceId, gone, row.id);
    duplicates?.forget(old);
    const kept = await duplicates?.mark(read.chunks, similarity);
    const adopted = await adopt(orphans, duplicates, similarity);
    return this.#db.transaction('rw', documents, documentTexts, chunks, signatures, async () => {
      const current = await documents.get(row.id);
      if (current?.contentHash !== row.contentHash) return false;
      await chunks.bulkDelete(gone);
      await chunks.bulkPut(read.chunks);
      await documentTexts.put(read.text);
      if (kept) await signatures.put(packSignatures(row.id, row.workspaceId, kept));
      else await signatures.delete(row.id);
      await this.#writeOrphans(orphans, adopted);
      const { problem: _, ...rest } = current;
      const { title, language, pageCount } = read;
      await documents.put({
        ...rest,
        title,
        language,
        pageCount,
        status: 'ready',
        chunkCount: read.chunks.length,
        updatedAt: later(current),
      });
      return true;
    });
  }

  /** Deletes documents with everything of them; chunks that were marked as their duplicates are looked at anew. */
  async remove(
    workspaceId: string,
    documentIds: string[],
    duplicates: NearDuplicates,
    similarity: number,
  ): Promise<void> {
    const { documents, originals, documentTexts, chunks, signatures } = this.#db;
    const gone = await chunks.where('documentId').anyOf(documentIds).primaryKeys();
    const removed = new Set(documentIds);
    const orphans = (await this.#orphansOf(workspaceId, gone)).filter((chunk) => !removed.has(chunk.documentId));
    duplicates.forget(gone);
    const adopted = await adopt(orphans, duplicates, similarity);
    await this.#db.transaction('rw', documents, originals, documentTexts, chunks, signatures, async () => {
      await Promise.all(
        [documents, originals, documentTexts, signatures].map((table) => table.bulkDelete(documentIds)),
      );
      await chunks.bulkDelete(gone);
      await this.#writeOrphans(orphans, adopted);
    });
  }

  async requeue(documentIds: string[]): Promise<void> {
    await this.#db.documents
      .where('id')
      .anyOf(documentIds)
      .modify((row) => {
        row.status = 'waiting';
        delete row.problem;
        row.updatedAt = later(row);
      });
  }

  /** Chunks of other documents that are marked as duplicates of chunks which go away. */
  async #orphansOf(workspaceId: string, gone: string[], except?: string): Promise<ChunkRow[]> {
    if (gone.length === 0) return [];
    const keys = gone.map((id) => [workspaceId, id]);
    const orphans = await this.#db.chunks.where('[workspaceId+nearDuplicateOf]').anyOf(keys).toArray();
    return this.#inReadingOrder(orphans.filter((chunk) => chunk.documentId !== except));
  }

  /** The order in which documents are read, so that the earliest chunk becomes the new original. */
  async #inReadingOrder(rows: ChunkRow[]): Promise<ChunkRow[]> {
    const ids = [...new Set(rows.map((chunk) => chunk.documentId))];
    const documents = (await this.#db.documents.bulkGet(ids)).filter((row) => row !== undefined).sort(byReadingOrder);
    const position = new Map(documents.map((row, i) => [row.id, i]));
    return rows.sort((a, b) => position.get(a.documentId)! - position.get(b.documentId)! || a.ordinal - b.ordinal);
  }

  async #writeOrphans(orphans: ChunkRow[], adopted: Map<string, Uint16Array<ArrayBuffer>>): Promise<void> {
    if (orphans.length === 0) return;
    await this.#db.chunks.bulkPut(orphans);
    for (const documentId of new Set(orphans.map((chunk) => chunk.documentId))) {
      const own = orphans.filter((chunk) => chunk.documentId === documentId && adopted.has(chunk.id));
      const row = await this.#db.signatures.get(documentId);
      if (row)
        await this.#db.signatures.put(extendSignatures(row, new Map(own.map(({ id }) => [id, adopted.get(id)!]))));
      await this.#db.documents
        .where('id')
        .equals(documentId)
        .modify((document) => void (document.updatedAt = later(document)));
    }
  }
}

async function adopt(orphans: ChunkRow[], duplicates: NearDuplicates | undefined, similarity: number) {
  if (duplicates) return duplicates.mark(orphans, similarity);
  for (const chunk of orphans) delete chunk.nearDuplicateOf;
  return new Map<string, Uint16Array<ArrayBuffer>>();
}

/** Changes are found by this time, so it grows with every change, also within one millisecond. */
function later(row: { updatedAt: number } | undefined): number {
  return Math.max(Date.now(), (row?.updatedAt ?? 0) + 1);
}

const byReadingOrder = (a: DocumentRow, b: DocumentRow) => a.addedAt - b.addedAt || (a.path < b.path ? -1 : 1);
