import 'fake-indexeddb/auto';
import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import type { Embedder, ModelAdapter, Reranker, SearchRequest } from '../../../src/retrieval/contract.ts';
import { ChosenEmbedder } from '../../../src/retrieval/embedder-source.ts';
import { LinearEmbedder } from '../../../src/retrieval/embedder/linear-embedder.ts';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import { LastReranker } from '../../../src/retrieval/reranker-source.ts';
import { Retrieval } from '../../../src/retrieval/service.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { WorkspaceAdapters } from '../../../src/storage/schema.ts';
import { writeDocument } from '../../support/library.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { WordEmbedder } from '../../support/word-embedder.ts';

const workspaceId = 'w';
const passages = ['The red fox hunts at night.', 'Blue whales sing in the sea.', 'Owls turn their heads.'];
const request = (query: string, more: Partial<SearchRequest> = {}): SearchRequest => ({
  workspaceId,
  query,
  limit: 5,
  mode: 'dense',
  mergeNeighbours: false,
  ...more,
});
const named = (id: string) => ({ id, name: `the ${id}`, sha256: id.repeat(64) });
const lora = (id: string): ModelAdapter => ({
  ...named(id),
  kind: 'lora',
  adapter: {
    settings: { rank: 1, alpha: 1, rankStabilised: false, dropout: 0, targets: [] },
    pairs: new Map(),
    full: new Map(),
  },
});
const linear = (id: string, sides: 'queries' | 'both'): ModelAdapter => ({
  ...named(id),
  kind: 'linear',
  // Turns every vector round: x - 2x.
  adapter: { dimensions: 64, sides, rank: 0, a: new Float32Array(), b: scaledIdentity(64, -2) },
});

function scaledIdentity(size: number, factor: number): Float32Array<ArrayBuffer> {
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < size; i++) matrix[i * size + i] = factor;
  return matrix;
}

/** A word embedder that can be tuned; every adapter gives it words of its own. */
class TunableEmbedder extends WordEmbedder {
  readonly tunings: WordEmbedder[] = [];

  tuned(adapter: ModelAdapter): Embedder {
    if (adapter.kind === 'linear') return new LinearEmbedder(this, adapter, adapter.adapter);
    const tuned = Object.assign(new WordEmbedder(`${this.id}+${adapter.id}`), { adapter: named(adapter.id) });
    this.tunings.push(tuned);
    return tuned;
  }
}

let databases = 0;

async function library(adapters: ModelAdapter[] = [lora('a'), lora('b')]) {
  const db = new AttuneDatabase(`adapters-test-${databases++}`);
  onTestFinished(() => db.delete());
  const folder = temporaryFolder();
  const base = new TunableEmbedder('base', 64);
  const rerankers = new Map<string, Reranker>();
  const tab = () =>
    new Retrieval({
      database: db,
      files: new FolderFiles(folder),
      embedders: new ChosenEmbedder({
        chosen: async () => 'model',
        load: async () => base,
        adapter: async (id) => found(adapters.find((adapter) => adapter.id === id)),
      }),
      rerankers: new LastReranker(async (id) => found(rerankers.get(id))),
    });
  await writeDocument(db, workspaceId, { path: 'animals.md', passages });
  await db.workspaces.add({ id: workspaceId, name: 'W', createdAt: 0, updatedAt: 0, settings: {} });
  const use = (chosen: WorkspaceAdapters) => db.workspaces.update(workspaceId, { settings: { adapters: chosen } });
  return { db, folder, base, rerankers, tab, use };
}

function found<T>(value: T | undefined): T {
  if (value) return value;
  throw new AttuneError('adapters/unknown', 'The adapter is gone.', 'Choose another one.');
}

describe('an adapter of the search model', () => {
  it('has an index of its own; the one before answers until that is built', async () => {
    const { base, tab, use } = await library();
    const service = tab();
    await service.sync(workspaceId);
    expect((await service.search(request('fox'))).tunedBy).toBeUndefined();
    await use({ embedder: 'a' });
    expect(await service.status(workspaceId)).toMatchObject({
      embedderId: 'base+a',
      adapter: { id: 'a', name: 'the a' },
      answering: { embedderId: 'base' },
      embedded: 0,
    });
    const during = await service.search(request('fox'));
    expect(during.tunedBy).toBeUndefined();
    expect(during.hits).toHaveLength(3);

    await service.sync(workspaceId);
    expect(base.tunings).toHaveLength(1);
    expect(base.tunings[0]!.passages).toHaveLength(3);
    expect(await service.status(workspaceId)).toMatchObject({ answering: { embedderId: 'base+a' }, embedded: 3 });
    const after = await service.search(request('fox'));
    expect(after.tunedBy).toMatchObject({ id: 'a' });
    expect(after.hits[0]!.text).toBe(passages[0]);
  });

  it('comes and goes at once when its index is there', async () => {
    const { base, tab, use } = await library();
    const service = tab();
    await service.sync(workspaceId);
    await use({ embedder: 'a' });
    await service.sync(workspaceId);
    const embedded = () => base.passages.length + base.tunings[0]!.passages.length;
    const before = embedded();
    await use({});
    expect((await service.search(request('fox'))).tunedBy).toBeUndefined();
    await use({ embedder: 'a' });
    expect((await service.search(request('fox'))).tunedBy).toMatchObject({ id: 'a' });
    await service.sync(workspaceId);
    expect(embedded()).toBe(before);
  });

  it('gives way to the next one only when that is ready', async () => {
    const { tab, use } = await library();
    const service = tab();
    await service.sync(workspaceId);
    await use({ embedder: 'a' });
    await service.sync(workspaceId);
    await service.search(request('fox'));
    await use({ embedder: 'b' });
    expect((await service.search(request('fox'))).tunedBy).toMatchObject({ id: 'a' });
    await service.sync(workspaceId);
    expect((await service.search(request('fox'))).tunedBy).toMatchObject({ id: 'b' });
  });

  it('goes on building after a stop and in another tab, where the base answers meanwhile', async () => {
    const { db, base, tab, use } = await library();
    const many = Array.from({ length: 700 }, (_, i) => `Passage number ${i}.`);
    await writeDocument(db, workspaceId, { path: 'many.md', passages: many });
    const service = tab();
    await service.sync(workspaceId);
    await use({ embedder: 'a' });
    await service.status(workspaceId);
    base.tunings[0]!.beforeBatch = () => service.stop(workspaceId);
    await service.sync(workspaceId);
    const begun = base.tunings[0]!.passages.length;
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(703);
    const other = tab();
    expect((await other.search(request('fox'))).tunedBy).toBeUndefined();
    await other.sync(workspaceId);
    expect(base.tunings[1]!.passages).toHaveLength(703 - begun);
    expect((await other.search(request('fox'))).tunedBy).toMatchObject({ id: 'a' });
  });

  it('that is switched on while the base is being indexed is indexed in the same go', async () => {
    const { base, tab, use } = await library();
    const service = tab();
    base.beforeBatch = async () => void (await use({ embedder: 'a' }));
    await service.sync(workspaceId);
    expect(base.tunings[0]!.passages).toHaveLength(3);
    expect((await service.search(request('fox'))).tunedBy).toMatchObject({ id: 'a' });
  });

  it('takes its vectors along when it is deleted, and no others', async () => {
    const { db, folder, tab, use } = await library();
    const service = tab();
    await service.sync(workspaceId);
    const before = readdirSync(`${folder}/${workspaceId}`).sort();
    await use({ embedder: 'a' });
    await service.sync(workspaceId);
    expect(readdirSync(`${folder}/${workspaceId}`)).toHaveLength(before.length + 1);
    await use({});
    await service.removeAdapter('a');
    expect(readdirSync(`${folder}/${workspaceId}`).sort()).toEqual(before);
    expect((await db.vectorIndexes.toArray()).map(({ embedderId }) => embedderId)).toEqual(['base']);
    expect((await service.search(request('fox'))).hits).toHaveLength(3);
  });

  it('that is gone leaves the base in force, and the status says so', async () => {
    const { tab, use } = await library([]);
    const service = tab();
    await service.sync(workspaceId);
    await use({ embedder: 'a' });
    const status = await service.status(workspaceId);
    expect(status).toMatchObject({ embedderId: 'base', adapterProblem: { code: 'adapters/unknown' } });
    expect(status.problem).toBeUndefined();
    expect((await service.search(request('fox'))).hits).toHaveLength(3);
    await service.sync(workspaceId);
  });

  it('leaves similarities to the base model, which thresholds were made with', async () => {
    const { base, tab, use } = await library();
    const service = tab();
    await use({ embedder: 'a' });
    await service.similarities(['fox'], ['fox']);
    expect(base.tunings).toHaveLength(0);
    expect(base.passages).toContain('fox');
  });
});

describe('a linear adapter', () => {
  it('of questions alone answers from the index that is there', async () => {
    const { base, tab, use } = await library([linear('q', 'queries')]);
    const service = tab();
    await service.sync(workspaceId);
    base.passages.length = 0;
    const straight = await service.search(request('fox'));
    await use({ embedder: 'q' });
    const turned = await service.search(request('fox'));
    expect(turned.tunedBy).toMatchObject({ id: 'q' });
    expect(turned.hits.map(({ text }) => text)).toEqual(straight.hits.map(({ text }) => text).reverse());
    await service.sync(workspaceId);
    await service.removeAdapter('q');
    expect(base.passages).toEqual([]);
    expect((await service.search(request('fox'))).hits).toHaveLength(3);
  });

  it('brings its own weight of meaning, where the workspace has chosen none', async () => {
    const { db, tab, use } = await library([{ ...linear('q', 'queries'), denseWeight: 1 }]);
    const service = tab();
    await service.sync(workspaceId);
    await use({ embedder: 'q' });
    // Turned round, meaning puts the only passage with the words last; by its own weight words count for nothing.
    const joined = () => service.search(request('red fox hunts', { mode: 'hybrid' }));
    expect((await joined()).hits.at(-1)!.text).toBe(passages[0]);
    const settings = { adapters: { embedder: 'q' }, 'retrieval.denseWeight': 0.1 };
    await db.workspaces.update(workspaceId, { settings });
    expect((await joined()).hits[0]!.text).toBe(passages[0]);
  });

  it('of both sides has an index of its own, in which like still finds like', async () => {
    const { db, tab, use } = await library([linear('q', 'both')]);
    const service = tab();
    await use({ embedder: 'q' });
    await service.sync(workspaceId);
    const { hits, tunedBy } = await service.search(request('red fox'));
    expect(tunedBy).toMatchObject({ id: 'q' });
    expect(hits[0]!.text).toBe(passages[0]);
    expect(await db.vectorIndexes.toArray()).toMatchObject([{ adapterId: 'q', count: 3 }]);
  });
});

describe('a ranking model', () => {
  const shortestFirst: Reranker = {
    id: 'short',
    score: async (_, list) => Float32Array.from(list, (text) => -text.length),
  };

  it('corrects the order of the candidates: what it thinks counts beside what the search thought', async () => {
    const { rerankers, tab, use } = await library();
    rerankers.set('short', shortestFirst);
    const service = tab();
    await service.sync(workspaceId);
    await use({ reranker: 'short', embedder: 'a' });
    await service.sync(workspaceId);
    const { hits, tunedBy } = await service.search(request('the red fox', { mode: 'hybrid' }));
    expect(tunedBy).toMatchObject({ id: 'a' });
    expect(hits.map(({ rerank }) => rerank!.rank)).toEqual([1, 2, 3]);
    const best = Math.max(...hits.map(({ fused }) => fused.score));
    const expected = hits.map(({ text, fused }) => -text.length + (20 * fused.score) / best);
    hits.forEach(({ score }, i) => expect(score).toBeCloseTo(expected[i]!, 5));
    expect(expected).toEqual(expected.toSorted((a, b) => b - a));
    expect(hits.map(({ fused }) => fused.rank)).not.toEqual([1, 2, 3]);
  });

  it('that cannot be loaded is left out, and the status says why', async () => {
    const { tab, use } = await library();
    const service = tab();
    await service.sync(workspaceId);
    await use({ reranker: 'gone' });
    expect((await service.search(request('fox'))).hits.every(({ rerank }) => rerank === undefined)).toBe(true);
    expect((await service.status(workspaceId)).adapterProblem).toMatchObject({ code: 'adapters/unknown' });
  });

  it('stops reading for a search that a later one replaced', async () => {
    const { rerankers, tab, use } = await library();
    const service = tab();
    await service.sync(workspaceId);
    let later: Promise<unknown> | undefined;
    const signals: AbortSignal[] = [];
    rerankers.set('slow', {
      id: 'slow',
      async score(_, list, signal) {
        signals.push(signal!);
        later ??= service.search(request('whales', { replaces: 'typing' }));
        signal!.throwIfAborted();
        return new Float32Array(list.length);
      },
    });
    await use({ reranker: 'slow' });
    await expect(service.search(request('fox', { replaces: 'typing' }))).rejects.toMatchObject({ name: 'AbortError' });
    expect(await later).toMatchObject({ hits: { length: 3 } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });
});
