import type * as v from 'valibot';
import type { ArchiveEntry } from '../ingest/archive/zip.ts';
import { packSignatures } from '../ingest/duplicates/near-duplicates.ts';
import { signatureOf } from '../ingest/duplicates/minhash.ts';
import { chunkHash, chunkIdOf, documentIdOf } from '../ingest/hashing.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { ChunkRow, MessageRow } from '../storage/schema.ts';
import { damaged } from './archive-errors.ts';
import { rowsOf } from './archive-rows.ts';
import {
  chatSchema,
  chunkIdPattern,
  chunkSchema,
  documentSchema,
  messageSchema,
  textSchema,
  type Manifest,
} from './archive-format.ts';
import type { ArchiveProgress } from './contract.ts';

/** Reads the rows of an archive into the database. Ids are derived anew for the new workspace; hashes are computed. */
export class RowImport {
  readonly #db: AttuneDatabase;
  readonly #workspaceId: string;
  readonly #signal: AbortSignal;
  readonly #onDocument: (done: number) => void;
  /** New ids by old ones. */
  readonly #documentIds = new Map<string, string>();
  readonly #chatIds = new Map<string, string>();
  readonly #counts: Manifest['counts'] = { documents: 0, chunks: 0, chats: 0, messages: 0 };

  constructor(
    db: AttuneDatabase,
    workspaceId: string,
    total: number,
    signal: AbortSignal,
    onProgress?: (progress: ArchiveProgress) => void,
  ) {
    this.#db = db;
    this.#workspaceId = workspaceId;
    this.#signal = signal;
    this.#onDocument = (done) => onProgress?.({ done, total });
  }

  async documents(rows: ArchiveEntry, originalOf: (path: string) => ArchiveEntry | undefined): Promise<void> {
    const workspaceId = this.#workspaceId;
    for await (const row of this.#rows(rows, documentSchema)) {
      this.#onDocument(this.#counts.documents++);
      const id = documentIdOf(workspaceId, row.path);
      if (this.#documentIds.has(row.id)) throw damaged(`the document “${row.path}” is in it twice`);
      this.#documentIds.set(row.id, id);
      const original = originalOf(row.path);
      if (!original) throw damaged(`the file “${row.path}” is missing`);
      const blob = await original.blob(this.#signal);
      const status = row.status === 'reading' ? 'waiting' : row.status;
      await this.#db.transaction('rw', this.#db.documents, this.#db.originals, async () => {
        await this.#db.documents.add({ ...row, id, workspaceId, status, updatedAt: Date.now() });
        await this.#db.originals.add({ documentId: id, workspaceId, blob });
      });
    }
  }

  async texts(rows: ArchiveEntry): Promise<void> {
    for await (const row of this.#rows(rows, textSchema)) {
      if (row.blocks.some(({ start, end }) => start >= end || end > row.text.length)) {
        throw damaged('a block lies outside of its text');
      }
      const documentId = this.#document(row.documentId);
      await this.#db.documentTexts.add({ ...row, documentId, workspaceId: this.#workspaceId });
    }
  }

  /** Chunks come in the order of their documents. */
  async chunks(rows: ArchiveEntry): Promise<void> {
    let open: ChunkRow[] = [];
    for await (const row of this.#rows(rows, chunkSchema)) {
      const documentId = this.#document(row.documentId);
      if (open.length > 0 && open[0]!.documentId !== documentId) {
        await this.#putChunks(open);
        open = [];
      }
      const hash = chunkHash(row);
      const repeat = Number(chunkIdPattern.exec(row.id)![2]);
      const nearDuplicateOf = row.nearDuplicateOf && this.chunkId(row.nearDuplicateOf);
      open.push({
        ...row,
        id: chunkIdOf(documentId, hash, repeat),
        documentId,
        workspaceId: this.#workspaceId,
        hash,
        ...(nearDuplicateOf && { nearDuplicateOf }),
      });
      this.#counts.chunks++;
    }
    if (open.length > 0) await this.#putChunks(open);
  }

  async chats(rows: ArchiveEntry): Promise<void> {
    for await (const row of this.#rows(rows, chatSchema)) {
      const id = crypto.randomUUID();
      this.#chatIds.set(row.id, id);
      await this.#db.chats.add({ ...row, id, workspaceId: this.#workspaceId });
      this.#counts.chats++;
    }
  }

  async messages(rows: ArchiveEntry): Promise<void> {
    for await (const row of this.#rows(rows, messageSchema)) {
      const chatId = this.#chatIds.get(row.chatId);
      if (!chatId) throw damaged('a message belongs to no chat');
      const passages = row.passages?.map((passage) => ({
        ...passage,
        // The passage may be of a document that was deleted long ago; its copy in the message stays readable.
        documentId: this.#documentIds.get(passage.documentId) ?? passage.documentId,
        chunkId: this.chunkId(passage.chunkId) ?? passage.chunkId,
      }));
      const message = {
        ...row,
        id: crypto.randomUUID(),
        chatId,
        workspaceId: this.#workspaceId,
        ...(passages && { passages }),
      };
      await this.#db.messages.add(message as unknown as MessageRow);
      this.#counts.messages++;
    }
  }

  /** @throws AttuneError `workspace/damaged` when less came in than was written out. */
  compare(expected: Manifest['counts']): void {
    for (const [what, count] of Object.entries(this.#counts)) {
      const wanted = expected[what as keyof Manifest['counts']];
      if (count !== wanted) throw damaged(`it holds ${count} of ${wanted} ${what}`);
    }
  }

  async #putChunks(rows: ChunkRow[]): Promise<void> {
    this.#signal.throwIfAborted();
    const originals = rows.filter((row) => row.nearDuplicateOf === undefined);
    const signed = originals.flatMap((row) => {
      const signature = signatureOf(row.text);
      return signature ? [[row.id, signature] as const] : [];
    });
    const { chunks, signatures } = this.#db;
    await this.#db.transaction('rw', chunks, signatures, async () => {
      await chunks.bulkAdd(rows);
      await signatures.put(packSignatures(rows[0]!.documentId, this.#workspaceId, new Map(signed)));
    });
  }

  #document(oldId: string): string {
    const id = this.#documentIds.get(oldId);
    if (id === undefined) throw damaged('a part of it belongs to no document');
    return id;
  }

  /** Chunk ids are the document's id and what depends on the content alone. */
  chunkId(oldId: string): string | undefined {
    const document = this.#documentIds.get(oldId.slice(0, 32));
    return document && document + oldId.slice(32);
  }

  #rows<S extends v.GenericSchema>(entry: ArchiveEntry, schema: S): AsyncGenerator<v.InferOutput<S>> {
    return rowsOf(entry, schema, this.#signal);
  }
}
