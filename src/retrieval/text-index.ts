import type { AttuneDatabase } from '../storage/database.ts';
import type { ChunkRow, DocumentRow } from '../storage/schema.ts';
import { Catalog } from './catalog.ts';
import type { FileSpace } from './files/random-access.ts';
import { LexicalIndex } from './lexical/lexical-index.ts';
import { passageText } from './passage-text.ts';
import { readSnapshot, writeSnapshot, type SnapshotDocument } from './snapshot.ts';

const SNAPSHOT = ['words.bin'] as const;

/** Chunks read from the database in one go when many documents are new. */
const CHUNKS_PER_READ = 2000;

/**
 * Clocks of two workers agree only roughly, and a row may be committed a moment after its `updatedAt` was taken: changes
 * are looked for from a little before the latest one seen.
 */
const OVERLAP_MS = 10_000;

/**
 * Which passages a workspace has, and their words. Everything derives from `documents` and `chunks`; the snapshot in
 * the file system only saves the work of reading them again.
 */
export class TextIndex {
  readonly workspaceId: string;
  catalog = new Catalog();
  words = new LexicalIndex();
  /** Grows when passages come or go. */
  revision = 0;
  #database: AttuneDatabase;
  #files: FileSpace;
  #latest = 0;
  #savedRevision = 0;
  #refreshing: Promise<void> | undefined;

  private constructor(database: AttuneDatabase, files: FileSpace, workspaceId: string) {
    this.#database = database;
    this.#files = files;
    this.workspaceId = workspaceId;
  }

  /** Loads the snapshot, if there is one, and brings it up to date. */
  static async open(database: AttuneDatabase, files: FileSpace, workspaceId: string): Promise<TextIndex> {
    const index = new TextIndex(database, files, workspaceId);
    await index.#load();
    await index.#compareAll();
    return index;
  }

  /** Takes in what changed in the database since the last call; two index reads when nothing did. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Closes gaps and writes the snapshot, when anything changed since the last one. */
  async save(): Promise<void> {
    if (this.revision === this.#savedRevision) return;
    const state = this.words.state(this.catalog.compact());
    this.words = LexicalIndex.fromState(state);
    this.revision++;
    const documents = [...this.catalog.documents.values()].map((document): SnapshotDocument => {
      const { passages, ...rest } = document;
      const kept = passages.map((number) => this.catalog.passage(number)!);
      return { ...rest, ids: kept.map(({ id }) => id), hashes: kept.map(({ hash }) => hash) };
    });
    const revision = this.revision;
    await this.#files.withFiles(this.workspaceId, SNAPSHOT, (file) => writeSnapshot(file, { documents, words: state }));
    this.#savedRevision = revision;
  }

  async #load(): Promise<void> {
    const snapshot = await this.#files.withFiles(this.workspaceId, SNAPSHOT, readSnapshot);
    if (!snapshot) return;
    for (const { ids, hashes, version, ...document } of snapshot.documents) {
      const chunks = ids.map((id, i) => ({ id, hash: hashes[i]! }));
      this.catalog.add({ ...document, updatedAt: version } as DocumentRow, chunks);
    }
    this.words = LexicalIndex.fromState(snapshot.words);
  }

  async #refresh(): Promise<void> {
    const { documents } = this.#database;
    const range = [this.workspaceId, this.#latest - OVERLAP_MS] as const;
    const changed = await documents
      .where('[workspaceId+updatedAt]')
      .between(range, [this.workspaceId, Infinity], true, true)
      .toArray();
    await this.#take(changed);
    const count = await documents.where('workspaceId').equals(this.workspaceId).count();
    if (count !== this.catalog.documents.size) await this.#dropDeleted();
  }

  async #compareAll(): Promise<void> {
    await this.#take(await this.#database.documents.where('workspaceId').equals(this.workspaceId).toArray());
    await this.#dropDeleted();
  }

  async #dropDeleted(): Promise<void> {
    const ids = await this.#database.documents.where('workspaceId').equals(this.workspaceId).primaryKeys();
    const present = new Set(ids);
    for (const id of [...this.catalog.documents.keys()]) {
      if (!present.has(id)) this.#remove(id);
    }
  }

  /** Indexes the chunks of those rows that are new or of another version. */
  async #take(rows: readonly DocumentRow[]): Promise<void> {
    const changed = rows.filter(({ id, updatedAt }) => this.catalog.documents.get(id)?.version !== updatedAt);
    for (let from = 0; from < changed.length;) {
      let to = from;
      for (let chunks = 0; to < changed.length && (to === from || chunks <= CHUNKS_PER_READ); to++) {
        chunks += changed[to]!.chunkCount;
      }
      const group = changed.slice(from, to);
      const chunks = await this.#chunksOf(group.map(({ id }) => id));
      for (const row of group) this.#index(row, chunks.get(row.id) ?? []);
      from = to;
    }
    for (const { updatedAt } of rows) this.#latest = Math.max(this.#latest, updatedAt);
  }

  async #chunksOf(documentIds: string[]): Promise<Map<string, ChunkRow[]>> {
    const chunks = await this.#database.chunks.where('documentId').anyOf(documentIds).toArray();
    const byDocument = new Map<string, ChunkRow[]>(documentIds.map((id) => [id, []]));
    for (const chunk of chunks) byDocument.get(chunk.documentId)!.push(chunk);
    for (const ofOne of byDocument.values()) ofOne.sort((a, b) => a.ordinal - b.ordinal);
    return byDocument;
  }

  #index(row: DocumentRow, chunks: ChunkRow[]): void {
    if (this.catalog.holds(row, chunks)) {
      this.catalog.update(row);
      return;
    }
    this.#remove(row.id);
    const { passages } = this.catalog.add(row, chunks);
    passages.forEach((number, i) => this.words.add(number, passageText(chunks[i]!), row.language));
    this.revision++;
  }

  #remove(documentId: string): void {
    const passages = this.catalog.remove(documentId);
    for (const number of passages) this.words.remove(number);
    this.revision++;
  }
}
