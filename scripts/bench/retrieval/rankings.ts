import 'fake-indexeddb/auto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import MiniSearch from 'minisearch';
import type { SearchRequest } from '../../../src/retrieval/contract.ts';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import { Retrieval } from '../../../src/retrieval/service.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { writeDocument } from '../../../tests/support/library.ts';
import { bruteForce } from '../../../tests/support/vectors.ts';
import type { CachedEmbedder } from './cached-embedder.ts';
import type { RetrievalSet } from './sets.ts';

/** For each question, indices of passages, best first. */
export type Rankings = number[][];

/** How far down a ranking is looked at; the reciprocal rank beyond counts as 0. */
const DEPTH = 100;

/** The service as the worker builds it, over a database in memory and files in a folder that goes. */
export class ServiceUnderTest {
  #db: AttuneDatabase;
  #folder: string;
  #service: Retrieval;
  #set: RetrievalSet;

  private constructor(db: AttuneDatabase, folder: string, service: Retrieval, set: RetrievalSet) {
    this.#db = db;
    this.#folder = folder;
    this.#service = service;
    this.#set = set;
  }

  /** Indexes every passage as a document of its own. */
  static async of(set: RetrievalSet, embedder: CachedEmbedder): Promise<ServiceUnderTest> {
    const db = new AttuneDatabase(set.name);
    const folder = mkdtempSync(join(tmpdir(), 'attune-bench-'));
    const service = new Retrieval({
      database: db,
      files: new FolderFiles(folder),
      embedders: { current: async () => embedder },
    });
    await db.workspaces.add({ id: 'bench', name: 'Bench', createdAt: 0, updatedAt: 0, settings: {} });
    for (const [i, text] of set.passages.entries())
      await writeDocument(db, 'bench', { path: `${i}`, passages: [text] });
    await service.sync('bench');
    return new ServiceUnderTest(db, folder, service, set);
  }

  /** @param settings overrides of knobs, `retrieval.<knob>`. */
  async rank(mode: SearchRequest['mode'], settings: Record<string, unknown> = {}): Promise<Rankings> {
    await this.#db.workspaces.update('bench', { settings });
    const rankings: Rankings = [];
    for (const { text } of this.#set.questions) {
      const { hits } = await this.#service.search({
        workspaceId: 'bench',
        query: text,
        limit: DEPTH,
        mode,
        mergeNeighbours: false,
      });
      rankings.push(hits.map(({ path }) => Number(path)));
    }
    return rankings;
  }

  async dispose(): Promise<void> {
    await this.#db.delete();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Peer: every dot product of the same vectors, in float32 arrays. */
export async function rankByBruteForce(set: RetrievalSet, embedder: CachedEmbedder): Promise<Rankings> {
  const vectors = await embedder.embed(set.passages, 'passage');
  const queries = await embedder.embed(
    set.questions.map(({ text }) => text),
    'query',
  );
  return set.questions.map((_, q) => {
    const query = queries.subarray(q * embedder.dimensions, (q + 1) * embedder.dimensions);
    return bruteForce(vectors, query, DEPTH).map(({ slot }) => slot);
  });
}

/** Peer: MiniSearch with its default settings. */
export function rankByMiniSearch(set: RetrievalSet): Rankings {
  const index = new MiniSearch<{ id: number; text: string }>({ fields: ['text'] });
  index.addAll(set.passages.map((text, id) => ({ id, text })));
  return set.questions.map(({ text }) =>
    index
      .search(text)
      .slice(0, DEPTH)
      .map(({ id }) => id as number),
  );
}
