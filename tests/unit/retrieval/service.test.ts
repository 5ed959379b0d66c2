import 'fake-indexeddb/auto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import type { Embedder, EmbedProgress, SearchRequest } from '../../../src/retrieval/contract.ts';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import { Retrieval } from '../../../src/retrieval/service.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { deleteDocument, writeDocument, type TestDocument } from '../../support/library.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { WordEmbedder } from '../../support/word-embedder.ts';

const workspaceId = 'w';
const animals: TestDocument = {
  path: 'nature/animals.md',
  passages: ['The red fox hunts at night.', 'Blue whales sing in the sea.', 'Owls turn their heads.'],
};
const trees: TestDocument = {
  path: 'nature/trees/oak.md',
  passages: ['Oaks grow for centuries.', 'A beech has smooth bark.'],
};
const tools: TestDocument = { path: 'house/tools.md', passages: ['A hammer drives nails.', 'The red saw cuts wood.'] };

let databases = 0;

/** A workspace with its own database and folder; `tab()` gives a service as another tab or a later start has it. */
async function library(...documents: TestDocument[]) {
  const name = `service-test-${databases++}`;
  const db = new AttuneDatabase(name);
  onTestFinished(() => db.delete());
  const folder = temporaryFolder();
  const files = new FolderFiles(folder);
  for (const document of documents) await writeDocument(db, workspaceId, document);
  const tab = (embedder?: Embedder) =>
    new Retrieval({ database: db, files, embedders: { current: async () => embedder } });
  return { db, folder, tab, write: (document: TestDocument) => writeDocument(db, workspaceId, document) };
}

const request = (query: string, more: Partial<SearchRequest> = {}): SearchRequest => ({
  workspaceId,
  query,
  limit: 5,
  mode: 'hybrid',
  mergeNeighbours: false,
  ...more,
});
const texts = async (service: Retrieval, query: string, more?: Partial<SearchRequest>) =>
  (await service.search(request(query, more))).hits.map(({ text }) => text);

describe('sync', () => {
  it('embeds every passage once, headings with it, and nothing the second time', async () => {
    const { tab, write } = await library(animals, tools);
    await write({ path: 'guide.md', passages: [{ text: 'Press twice.', headings: ['Lamp', 'Reset'] }] });
    const embedder = new WordEmbedder();
    const service = tab(embedder);
    await service.sync(workspaceId);
    expect(embedder.passages).toHaveLength(6);
    expect(embedder.passages).toContain('Lamp > Reset\nPress twice.');
    await service.sync(workspaceId);
    await tab(embedder).sync(workspaceId);
    expect(embedder.passages).toHaveLength(6);
    expect(await service.status(workspaceId)).toMatchObject({ chunks: 6, embedded: 6, embedderId: 'words' });
  });

  it('embeds only the changed passages of a changed document, and forgets the old ones', async () => {
    const { db, tab, write } = await library(animals, tools);
    const embedder = new WordEmbedder();
    const service = tab(embedder);
    await service.sync(workspaceId);
    embedder.passages.length = 0;
    await write({ ...animals, passages: [animals.passages[0]!, 'Ravens count.', animals.passages[2]!] });
    await service.sync(workspaceId);
    expect(embedder.passages).toEqual(['Ravens count.']);
    expect((await db.vectorIndexes.toArray())[0]!.count).toBe(5);
    expect(await texts(service, 'whales', { mode: 'lexical' })).toEqual([]);
  });

  it('embeds a passage that stands in two documents once, and finds it in both', async () => {
    const { tab, write } = await library(animals);
    await write({ ...animals, path: 'copy.md' });
    const embedder = new WordEmbedder();
    const service = tab(embedder);
    await service.sync(workspaceId);
    expect(embedder.passages).toHaveLength(3);
    expect(await service.status(workspaceId)).toMatchObject({ chunks: 6, embedded: 6 });
    const only = await service.search(request('red fox', { mode: 'dense', folders: ['nature'] }));
    expect(only.hits.map(({ path }) => path)).toEqual(Array(3).fill(animals.path));
  });

  it('leaves nothing of a deleted document, in any of the indexes', async () => {
    const { db, tab } = await library(animals, tools);
    const [base, tuned] = [new WordEmbedder('base'), new WordEmbedder('tuned')];
    await tab(base).sync(workspaceId);
    await tab(tuned).sync(workspaceId);
    await deleteDocument(db, `${workspaceId}/${animals.path}`);
    await tab(tuned).sync(workspaceId);
    expect((await db.vectorIndexes.toArray()).map(({ embedderId, count }) => [embedderId, count]).sort()).toEqual([
      ['base', 2],
      ['tuned', 2],
    ]);
  });

  it('reports what is done and how long the rest will take', async () => {
    const { tab } = await library({
      path: 'long.txt',
      passages: Array.from({ length: 700 }, (_, i) => `Passage number ${i}.`),
    });
    const progress: EmbedProgress[] = [];
    await tab(new WordEmbedder()).sync(workspaceId, (step) => progress.push(step));
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.at(-1)).toMatchObject({ done: 700, total: 700, secondsLeft: 0 });
    expect(progress[0]!.done).toBeLessThan(700);
    expect(progress[0]!.secondsLeft).toBeGreaterThan(0);
    for (const [i, step] of progress.slice(1).entries()) expect(step.done).toBeGreaterThanOrEqual(progress[i]!.done);
  });

  it('stops after the batch in progress and goes on where it stood', async () => {
    const { tab } = await library({
      path: 'long.txt',
      passages: Array.from({ length: 900 }, (_, i) => `Passage number ${i}.`),
    });
    const embedder = new WordEmbedder();
    const service = tab(embedder);
    embedder.beforeBatch = () => service.stop(workspaceId);
    await service.sync(workspaceId);
    const { embedded } = await service.status(workspaceId);
    expect(embedded).toBe(embedder.passages.length);
    expect(embedded).toBeGreaterThan(0);
    expect(embedded).toBeLessThan(900);
    embedder.beforeBatch = () => undefined;
    await service.sync(workspaceId);
    expect(new Set(embedder.passages).size).toBe(900);
    expect(embedder.passages).toHaveLength(900);
  });

  it('keeps every committed batch when it dies between two', async () => {
    const { tab } = await library({
      path: 'long.txt',
      passages: Array.from({ length: 900 }, (_, i) => `Passage number ${i}.`),
    });
    const dying = new WordEmbedder();
    dying.beforeBatch = () => {
      if (dying.passages.length > 300) throw new Error('killed');
    };
    await expect(tab(dying).sync(workspaceId)).rejects.toThrow('killed');
    const next = new WordEmbedder();
    await tab(next).sync(workspaceId);
    expect(dying.passages.length + next.passages.length).toBe(900);
  });
});

describe('search', () => {
  it('sees documents that come, change and go, without being told', async () => {
    const { db, tab, write } = await library(animals);
    const service = tab();
    expect(await texts(service, 'fox')).toEqual([animals.passages[0]]);
    await write(tools);
    expect(await texts(service, 'hammer')).toEqual([tools.passages[0]]);
    await write({ ...tools, passages: ['Scissors cut paper.'] });
    expect(await texts(service, 'hammer')).toEqual([]);
    expect(await texts(service, 'scissors')).toEqual(['Scissors cut paper.']);
    await deleteDocument(db, `${workspaceId}/${tools.path}`);
    expect(await texts(service, 'scissors')).toEqual([]);
  });

  it('notices a deletion and an addition between two searches', async () => {
    const { db, tab, write } = await library(animals, tools);
    const service = tab();
    await texts(service, 'fox');
    await deleteDocument(db, `${workspaceId}/${animals.path}`);
    await write(trees);
    expect(await texts(service, 'fox')).toEqual([]);
    expect(await texts(service, 'oak')).toEqual([trees.passages[0]]);
  });

  it('finds by words what has no vector yet, and counts it', async () => {
    const { tab, write } = await library(animals);
    const service = tab(new WordEmbedder());
    await service.sync(workspaceId);
    await write(tools);
    const result = await service.search(request('hammer'));
    expect(result.chunksWithoutVector).toBe(2);
    const found = result.hits.find(({ text }) => text === tools.passages[0]);
    expect(found).toMatchObject({ lexical: { rank: 1 }, dense: undefined });
  });

  it('reads in one tab what another one has embedded', async () => {
    const { tab, write } = await library(animals);
    const [writer, reader] = [tab(new WordEmbedder()), tab(new WordEmbedder())];
    expect((await reader.search(request('fox', { mode: 'dense' }))).chunksWithoutVector).toBe(3);
    await writer.sync(workspaceId);
    expect((await reader.search(request('fox', { mode: 'dense' }))).hits[0]!.dense!.rank).toBe(1);
    await write(tools);
    await writer.sync(workspaceId);
    expect(await texts(reader, 'hammer drives nails', { mode: 'dense', limit: 1 })).toEqual([tools.passages[0]]);
    expect((await reader.search(request('hammer'))).chunksWithoutVector).toBe(0);
  });

  it('keeps to documents and folders, and to both at once', async () => {
    const { tab } = await library(animals, trees, tools);
    const service = tab(new WordEmbedder());
    await service.sync(workspaceId);
    for (const mode of ['dense', 'lexical', 'hybrid'] as const) {
      const paths = async (more: Partial<SearchRequest>) =>
        [
          ...new Set(
            (await service.search(request('red oaks saw fox', { mode, limit: 10, ...more }))).hits.map(
              ({ path }) => path,
            ),
          ),
        ].sort();
      expect(await paths({ folders: ['nature'] })).toEqual([animals.path, trees.path]);
      expect(await paths({ folders: ['nature/trees'] })).toEqual([trees.path]);
      expect(await paths({ folders: ['nat'] })).toEqual([]);
      expect(await paths({ documentIds: [`${workspaceId}/${tools.path}`] })).toEqual([tools.path]);
      expect(await paths({ documentIds: [`${workspaceId}/${tools.path}`], folders: ['nature'] })).toEqual([]);
    }
  });

  it('shows near-duplicates once and joins neighbours when asked to', async () => {
    const { tab, write } = await library(animals);
    await write({
      path: 'copy.md',
      passages: [{ text: 'The red fox hunts by night.', nearDuplicateOf: `${workspaceId}/${animals.path}#original` }],
    });
    await write({
      path: 'copy2.md',
      passages: [{ text: 'The red fox hunts each night.', nearDuplicateOf: `${workspaceId}/${animals.path}#original` }],
    });
    const service = tab();
    expect(
      await texts(service, 'hunts night', { documentIds: [`${workspaceId}/copy.md`, `${workspaceId}/copy2.md`] }),
    ).toHaveLength(1);
    const [joined] = (await service.search(request('fox whales', { mergeNeighbours: true, folders: ['nature'] }))).hits;
    expect(joined!.chunkIds).toHaveLength(2);
    expect(joined!.text).toContain('night.\n\nBlue');
    expect(joined!.matchedWords).toEqual(['fox', 'whales']);
  });

  it('follows the settings of the workspace', async () => {
    const { db, tab } = await library({ path: 'a.txt', passages: ['red fox', 'red '.repeat(30)] });
    const settings = { 'retrieval.k1': 3, 'retrieval.b': 0 };
    const service = tab();
    const before = (await service.search(request('red'))).hits[0]!.lexical!.score;
    await db.workspaces.add({ id: workspaceId, name: 'W', createdAt: 0, updatedAt: 0, settings });
    const after = (await service.search(request('red'))).hits[0]!.lexical!.score;
    expect(after).not.toBeCloseTo(before, 3);
  });

  it('finds nothing for an empty query and in an empty workspace', async () => {
    const { tab } = await library(animals);
    expect(await texts(tab(new WordEmbedder()), '  ')).toEqual([]);
    expect((await tab().search({ ...request('fox'), workspaceId: 'other' })).hits).toEqual([]);
  });
});

describe('without a working search model', () => {
  it('words are found all the same, in every mode', async () => {
    const { tab } = await library(animals);
    const service = tab();
    await service.sync(workspaceId);
    expect(await service.status(workspaceId)).toMatchObject({ embedderId: '', chunks: 3, embedded: 0 });
    for (const mode of ['dense', 'lexical', 'hybrid'] as const)
      expect(await texts(service, 'foxes', { mode })).toHaveLength(1);
    expect([...(await service.similarities(['a'], ['a', 'b']))]).toEqual([0, 0]);
  });

  it('the status says why it could not be loaded', async () => {
    const { db, folder } = await library(animals);
    const broken = new AttuneError('models/file-missing', 'No weights.', 'Add it again.');
    const current = async () => Promise.reject(broken);
    const service = new Retrieval({ database: db, files: new FolderFiles(folder), embedders: { current } });
    expect(await texts(service, 'fox')).toHaveLength(1);
    expect((await service.status(workspaceId)).problem?.code).toBe('models/file-missing');
    await expect(service.sync(workspaceId)).rejects.toBe(broken);
  });
});

describe('the snapshot', () => {
  it('answers as the rows do, and brings itself up to date after changes elsewhere', async () => {
    const { db, tab, write } = await library(animals, trees, tools);
    await tab().sync(workspaceId);
    await deleteDocument(db, `${workspaceId}/${animals.path}`);
    await write({ ...tools, passages: ['A hammer drives nails.', 'Pliers grip.'] });
    const later = tab();
    expect(await texts(later, 'fox')).toEqual([]);
    expect(await texts(later, 'pliers')).toEqual(['Pliers grip.']);
    expect(await texts(later, 'oak')).toEqual([trees.passages[0]]);
    expect(await later.status(workspaceId)).toMatchObject({ chunks: 4 });
  });

  it('is read instead of the chunks', async () => {
    const { db, tab } = await library(animals);
    await tab().sync(workspaceId);
    // A chunk that changes without its document is what only a reader of chunks would see.
    await db.chunks.where('documentId').equals(`${workspaceId}/${animals.path}`).modify({ text: 'zebra' });
    expect(await texts(tab(), 'zebra')).toEqual([]);
    expect((await tab().search(request('fox'))).hits).toHaveLength(1);
  });

  it('is made anew when it is torn', async () => {
    const { folder, tab } = await library(animals);
    await tab().sync(workspaceId);
    writeFileSync(join(folder, workspaceId, 'words.bin'), Buffer.alloc(40));
    expect(await texts(tab(), 'fox')).toEqual([animals.passages[0]]);
  });
});
