import type { ChunkRow, DocumentRow } from '../storage/schema.ts';

/** A document as the index knows it. */
export interface IndexedDocument {
  id: string;
  name: string;
  path: string;
  folder: string;
  language: string | undefined;
  /** `updatedAt` of the row that was indexed. */
  version: number;
  /** Numbers of its passages, in the document's order. */
  passages: number[];
}

/** What the catalogue keeps of a chunk. */
export interface IndexedPassage {
  id: string;
  hash: string;
  document: IndexedDocument;
}

/** Which passages there are, by number. Numbers only grow until `compact`; those of removed passages stay empty. */
export class Catalog {
  readonly documents = new Map<string, IndexedDocument>();
  #passages: (IndexedPassage | undefined)[] = [];
  #live = 0;

  /** Passages that are there. */
  get size(): number {
    return this.#live;
  }

  /** Numbers given out: the length of arrays that are indexed by passage number. */
  get numbers(): number {
    return this.#passages.length;
  }

  passage(number: number): IndexedPassage | undefined {
    return this.#passages[number];
  }

  /** Adds a document and gives its chunks numbers, rising in the order given. */
  add(row: DocumentRow, chunks: readonly Pick<ChunkRow, 'id' | 'hash'>[]): IndexedDocument {
    const document: IndexedDocument = { ...describe(row), passages: [] };
    for (const { id, hash } of chunks) document.passages.push(this.#passages.push({ id, hash, document }) - 1);
    this.documents.set(row.id, document);
    this.#live += chunks.length;
    return document;
  }

  /** @returns the numbers of the passages that went. */
  remove(documentId: string): number[] {
    const passages = this.documents.get(documentId)?.passages ?? [];
    for (const number of passages) this.#passages[number] = undefined;
    this.documents.delete(documentId);
    this.#live -= passages.length;
    return passages;
  }

  /** Takes over what a row says about a document whose chunks are unchanged. */
  update(row: DocumentRow): void {
    const document = this.documents.get(row.id);
    if (document) Object.assign(document, describe(row));
  }

  /** True when the document is indexed with exactly these chunks, in the same language. */
  holds(row: DocumentRow, chunks: readonly Pick<ChunkRow, 'id' | 'hash'>[]): boolean {
    const document = this.documents.get(row.id);
    return (
      document !== undefined &&
      document.language === row.language &&
      document.passages.length === chunks.length &&
      document.passages.every((number, i) => {
        const passage = this.#passages[number]!;
        return passage.id === chunks[i]!.id && passage.hash === chunks[i]!.hash;
      })
    );
  }

  /** Closes the gaps. @returns the old number of every new one. */
  compact(): number[] {
    const old: number[] = [];
    const kept: IndexedPassage[] = [];
    for (const document of this.documents.values()) {
      for (const number of document.passages) {
        old.push(number);
        kept.push(this.#passages[number]!);
      }
      document.passages = document.passages.map((_, i) => kept.length - document.passages.length + i);
    }
    this.#passages = kept;
    return old;
  }
}

function describe(row: DocumentRow): Omit<IndexedDocument, 'passages'> {
  const { id, name, path, folder, language, updatedAt } = row;
  return { id, name, path, folder, language, version: updatedAt };
}
