import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { setEndpointEnabled } from '../../../src/generation/endpoint/client.ts';
import type { ModelAdapter, SearchRequest } from '../../../src/retrieval/contract.ts';
import { EndpointSource } from '../../../src/retrieval/endpoint-source.ts';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import { Retrieval } from '../../../src/retrieval/service.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { SEARCH_ENDPOINT_KEY } from '../../../src/storage/workspace-search.ts';
import { writeDocument } from '../../support/library.ts';
import { OpenAiServer } from '../../support/openai-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { WordEmbedder } from '../../support/word-embedder.ts';

const workspaceId = 'w';
const passages = ['The red fox hunts at night.', 'Blue whales sing in the sea.', 'Owls turn their heads.'];
const request = (query: string, more: Partial<SearchRequest> = {}): SearchRequest => ({
  ...{ workspaceId, query, limit: 5, mode: 'dense', mergeNeighbours: false },
  ...more,
});

/** A stand-in: real HTTP, vectors made of words. */
let server: OpenAiServer;
let url: string;
let host: string;
beforeEach(async () => {
  server = new OpenAiServer();
  url = await server.start();
  host = new URL(url).host;
});
afterEach(() => server.stop());

let databases = 0;

async function library({ model = 'words', adapter }: { model?: string; adapter?: ModelAdapter } = {}) {
  const db = new AttuneDatabase(`endpoint-test-${databases++}`);
  onTestFinished(() => db.delete());
  const base = new WordEmbedder('base');
  const service = new Retrieval({
    database: db,
    files: new FolderFiles(temporaryFolder()),
    embedders: { current: async () => base },
    endpoints: new EndpointSource(db, {
      indexing: { pauses: [1, 1], timeout: 5000 },
      ...(adapter && { adapter: async () => adapter }),
    }),
  });
  await writeDocument(db, workspaceId, { path: 'animals.md', passages });
  await db.endpoints.add({ id: 'e', name: 'Box', baseUrl: url, model, enabled: true, role: 'embedder' });
  await db.workspaces.add({ id: workspaceId, name: 'W', createdAt: 0, updatedAt: 0, settings: {} });
  const use = (settings: Record<string, unknown>) => db.workspaces.update(workspaceId, { settings });
  const useEndpoint = (more: Record<string, unknown> = {}) =>
    use({ [SEARCH_ENDPOINT_KEY]: { endpointId: 'e', host }, ...more });
  return { db, base, service, use, useEndpoint };
}

describe('a workspace that searches by an endpoint', () => {
  it('is indexed there; the model of this machine answers until that is done', async () => {
    const { service, useEndpoint } = await library();
    await service.sync(workspaceId);
    expect(server.embedded).toEqual([]);
    await useEndpoint();
    const during = await service.search(request('fox'));
    expect(during.sentTo).toBeUndefined();
    expect(during.hits).toHaveLength(3);
    expect(server.embedded).not.toContain('fox');

    await service.sync(workspaceId);
    expect(server.embedded).toEqual(expect.arrayContaining(passages));
    const after = await service.search(request('the red fox'));
    expect(after).toMatchObject({ sentTo: host });
    expect(after.hits[0]!.text).toBe(passages[0]);
    expect(server.embedded.at(-1)).toBe('the red fox');
    expect(await service.status(workspaceId)).toMatchObject({
      sentTo: host,
      embedded: 3,
      dimensions: 64,
      device: host,
    });
  });

  it('ranks by cosine similarity, whatever the length and the order of the vectors that came', async () => {
    const { service, useEndpoint } = await library();
    await useEndpoint();
    await service.sync(workspaceId);
    const { hits } = await service.search(request(passages[1]!));
    expect(hits[0]!.text).toBe(passages[1]);
    expect(hits[0]!.dense!.score).toBeCloseTo(1, 5);
  });

  it('searches by words alone while the endpoint is off, sends nothing, and says the way out', async () => {
    const { db, service, useEndpoint } = await library();
    await useEndpoint();
    await service.sync(workspaceId);
    await setEndpointEnabled('e', false, db);
    const before = server.requests.length;
    const { hits, problem, sentTo } = await service.search(request('fox'));
    expect(hits.map(({ text }) => text)).toEqual([passages[0]]);
    expect(problem).toMatchObject({ code: 'endpoint/off', wayOut: expect.stringContaining('Switch it on') });
    expect(sentTo).toBeUndefined();
    await expect(service.sync(workspaceId)).rejects.toMatchObject({ code: 'endpoint/off' });
    expect(server.requests).toHaveLength(before);
    expect((await service.search(request('fox', { mode: 'lexical' }))).problem).toBeUndefined();
  });

  it('searches by words alone when the host does not answer, and names it', async () => {
    const { service, useEndpoint } = await library();
    await useEndpoint();
    await service.sync(workspaceId);
    await server.stop();
    const { hits, problem } = await service.search(request('fox'));
    expect(hits).toHaveLength(1);
    expect(problem).toMatchObject({ code: 'endpoint/unreachable', message: expect.stringContaining(host) });
  });

  it('sends nothing to a host that its owner did not agree to', async () => {
    const { db, service, useEndpoint } = await library();
    await useEndpoint();
    await service.sync(workspaceId);
    const other = new OpenAiServer();
    onTestFinished(() => other.stop());
    await db.endpoints.update('e', { baseUrl: await other.start() });
    expect((await service.search(request('fox'))).problem).toMatchObject({ code: 'endpoint/other-host' });
    expect(other.requests).toEqual([]);
  });

  it('stops sending passages when the endpoint is given up in mid-index', async () => {
    const { db, base, service, use, useEndpoint } = await library();
    const many = Array.from({ length: 700 }, (_, i) => `Passage number ${i}.`);
    await writeDocument(db, workspaceId, { path: 'many.md', passages: many });
    await useEndpoint();
    let asked = 0;
    server.beforeEmbeddings = async () => {
      // The first is the probe for the dimensions.
      if (++asked === 2) await use({});
    };
    await service.sync(workspaceId);
    expect(new Set(server.embedded).size).toBeLessThan(500);
    expect(base.passages).toHaveLength(703);
    expect((await service.search(request('fox'))).sentTo).toBeUndefined();
  });

  it('waits and asks again while the host is busy or fails', async () => {
    const { service, useEndpoint } = await library();
    await useEndpoint();
    await service.status(workspaceId);
    server.failures = [429, 503];
    await service.sync(workspaceId);
    expect(await service.status(workspaceId)).toMatchObject({ embedded: 3 });
    server.failures = [500, 500, 500];
    expect((await service.search(request('fox'))).problem).toMatchObject({ code: 'endpoint/server-failed' });
  });

  it('goes on with what is missing after a failure', async () => {
    const { db, service, useEndpoint } = await library();
    await useEndpoint();
    await service.sync(workspaceId);
    await writeDocument(db, workspaceId, { path: 'more.md', passages: ['Bees dance for each other.'] });
    server.failures = [500, 500, 500];
    await expect(service.sync(workspaceId)).rejects.toMatchObject({
      code: 'endpoint/server-failed',
      message: expect.stringContaining(host),
    });
    const before = server.embedded.length;
    await service.sync(workspaceId);
    expect(server.embedded.slice(before)).toEqual(['Bees dance for each other.']);
  });

  it('can be stopped while the host is waited for', async () => {
    const { db, service, useEndpoint } = await library();
    await useEndpoint();
    await service.status(workspaceId);
    let release!: () => void;
    server.beforeEmbeddings = () => {
      server.beforeEmbeddings = () => new Promise((resolve) => (release = resolve));
      void service.stop(workspaceId);
      return server.beforeEmbeddings();
    };
    await service.sync(workspaceId);
    release();
    expect(await db.vectorIndexes.count()).toBe(0);
  });

  it('builds its index anew when the host gives vectors of another length', async () => {
    const { service, useEndpoint } = await library();
    await useEndpoint();
    await service.sync(workspaceId);
    server.dimensions = 32;
    const { hits, problem } = await service.search(request('fox'));
    expect(hits).toHaveLength(1);
    expect(problem).toMatchObject({ code: 'endpoint/other-dimensions', message: expect.stringContaining('32') });
    await service.sync(workspaceId);
    expect(await service.status(workspaceId)).toMatchObject({ dimensions: 32, embedded: 3 });
    expect((await service.search(request('fox'))).sentTo).toBe(host);
  });

  it('leaves similarities to the model of this machine', async () => {
    const { base, service, useEndpoint } = await library();
    await useEndpoint();
    await service.sync(workspaceId);
    const before = server.requests.length;
    await service.similarities(['fox'], ['fox']);
    expect(base.passages).toContain('fox');
    expect(server.requests).toHaveLength(before);
  });

  it('takes its vectors along when the endpoint is deleted', async () => {
    const { db, service, use, useEndpoint } = await library();
    await service.sync(workspaceId);
    await useEndpoint();
    await service.sync(workspaceId);
    await use({});
    await service.removeEndpoint('e');
    expect((await db.vectorIndexes.toArray()).map(({ embedderId }) => embedderId)).toEqual(['base']);
  });

  it('takes a linear adapter over its vectors, without a new index', async () => {
    const turned: ModelAdapter = {
      ...{ id: 'l', name: 'turned', sha256: 'l'.repeat(64), kind: 'linear' },
      // x - 2x: every question means its opposite.
      adapter: { dimensions: 64, sides: 'queries', rank: 0, a: new Float32Array(), b: scaledIdentity(64, -2) },
    };
    const { service, useEndpoint } = await library({ adapter: turned });
    await useEndpoint();
    await service.sync(workspaceId);
    const straight = (await service.search(request('the red fox'))).hits.map(({ text }) => text);
    await useEndpoint({ adapters: { embedder: 'l' } });
    const before = server.embedded.length;
    const result = await service.search(request('the red fox'));
    expect(result).toMatchObject({ sentTo: host, tunedBy: { id: 'l' } });
    expect(result.hits.map(({ text }) => text)).toEqual(straight.toReversed());
    await service.sync(workspaceId);
    expect(server.embedded.slice(before)).toEqual(['the red fox']);
  });
});

describe('what no client can use', () => {
  it.each([
    ['zero', 'endpoint/wrong-protocol', 'a vector is zero'],
    ['few', 'endpoint/wrong-protocol', 'vectors for'],
    ['page', 'endpoint/wrong-protocol', 'no list of vectors'],
    ['locked', 'endpoint/key-refused', 'refused the key'],
    ['none', 'endpoint/not-found', 'knows no model'],
  ])('model %s is refused with %s', async (model, code, said) => {
    const { service, useEndpoint } = await library({ model });
    await useEndpoint();
    const { problem } = await service.status(workspaceId);
    expect(problem).toMatchObject({ code, message: expect.stringContaining(said) });
    expect(problem!.message).toContain(host);
  });
});

it('puts before a text what the card of the model asks for', async () => {
  const { service, useEndpoint } = await library({ model: 'e5-words' });
  await useEndpoint();
  await service.sync(workspaceId);
  await service.search(request('fox'));
  expect(server.embedded).toContain(`passage: ${passages[0]}`);
  expect(server.embedded.at(-1)).toBe('query: fox');
});

function scaledIdentity(size: number, factor: number): Float32Array<ArrayBuffer> {
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < size; i++) matrix[i * size + i] = factor;
  return matrix;
}
