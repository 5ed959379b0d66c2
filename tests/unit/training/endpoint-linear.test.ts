import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { adapterBase } from '../../../src/adapters/base.ts';
import { keepAdapter } from '../../../src/adapters/keep.ts';
import { setEndpointEnabled, updateEndpoint } from '../../../src/generation/endpoint/client.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { SEARCH_ENDPOINT_KEY } from '../../../src/storage/workspace-search.ts';
import type { TrainingProgress, TrainingRequest } from '../../../src/training/contract.ts';
import { prepareOverEndpoint } from '../../../src/training/prepare.ts';
import { Training } from '../../../src/training/service.ts';
import { deleteDocument, writeDocument } from '../../support/library.ts';
import { MemoryFolders } from '../../support/memory-folders.ts';
import { OpenAiServer } from '../../support/openai-server.ts';

const workspaceId = 'w';
const request: TrainingRequest = {
  ...{ workspaceId, task: 'linear', modelId: 'e', datasetId: 'd', seed: 5 },
  settings: { epochs: 20, batchSize: 16, learningRate: 0.01, validateEvery: 10, patience: 0, hardNegatives: 1 },
};
const THINGS = ['fox', 'whale', 'owl', 'river', 'hammer', 'bread', 'lamp', 'engine', 'garden', 'window'];

/** Who asks uses other words than the documents: what the words of an endpoint cannot know and a matrix can learn. */
const asked = (thing: string) => `q${thing}`;
const pairs = THINGS.flatMap((one, i) => THINGS.slice(i + 1).map((other) => [one, other] as const));
const rows = pairs.map(([one, other], ordinal): ExampleRow => {
  const split = ordinal % 5 === 0 ? (ordinal % 10 === 0 ? 'test' : 'validation') : 'train';
  return {
    ...{ id: `x${ordinal}`, datasetId: 'd', workspaceId, ordinal, split, headings: ['Notes'], negatives: [] },
    question: `${asked(one)} ${asked(other)}`,
    answer: `${one}-${other}`,
    passage: `${one} ${other}`,
    documentKey: `${ordinal}.md`,
  };
});
const part = (split: ExampleRow['split']) => rows.filter((row) => row.split === split);
const seen = [...part('train'), ...part('validation')];

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

/** A workspace that is searched by the stand-in; `start` gives what a new worker has. */
async function workspace() {
  const db = new AttuneDatabase(`endpoint-linear-test-${databases++}`);
  onTestFinished(() => db.delete());
  const folders = new MemoryFolders();
  const endpoint = { id: 'e', name: 'Box', baseUrl: url, model: 'words', enabled: true, role: 'embedder' } as const;
  await db.endpoints.add({ ...endpoint, dimensions: 64 });
  const at = { createdAt: 0, updatedAt: 0 };
  const settings = { [SEARCH_ENDPOINT_KEY]: { endpointId: 'e', host } };
  await db.workspaces.add({ id: workspaceId, name: 'W', settings, ...at });
  const counts = { train: part('train').length, validation: part('validation').length, test: part('test').length };
  await db.datasets.add({ id: 'd', workspaceId, name: 'Questions', source: 'test', hash: 'hash', counts, ...at });
  await db.examples.bulkAdd(rows);
  const start = () =>
    new Training({
      database: db,
      folders,
      describeModel: (id) => adapterBase(id, db),
      prepare: (run, context) => prepareOverEndpoint(db, run, context, { pauses: [1, 1], timeout: 5000 }),
      openModel: () => Promise.reject(new TypeError('No model is needed.')),
      weigh: async () => 0.8,
      memoryLimit: () => undefined,
      keepAdapter: async (run, tuned, scores) => {
        const card = { workspaceId, name: run.name, description: '', task: run.task, scores, source: 'test' };
        return (await keepAdapter(db, folders, tuned, await adapterBase(run.modelId, db), card)).id;
      },
    });
  return { db, start };
}

describe('a linear adapter over the vectors of an endpoint', () => {
  it('finds more than the endpoint alone, and is made for it', async () => {
    const { db, start } = await workspace();
    const service = start();
    const runId = await service.create(request);
    await service.proceed(runId);
    const run = (await db.runs.get(runId))!;
    expect(run.state).toBe('done');
    expect(run.best!.score).toBeGreaterThan(run.baseScore! + 0.3);
    expect(await db.adapters.get(run.adapterId!)).toMatchObject({
      modelId: 'e',
      modelName: `words on ${host}`,
      task: 'linear',
    });
  });

  it('sends each text once, none of the test part, and as many as the estimate said', async () => {
    const { start } = await workspace();
    const service = start();
    const { sends, fits } = await service.estimate(request);
    expect(server.requests).toEqual([]);
    expect(fits).toBe(true);
    await service.proceed(await service.create(request));
    expect(sends).toEqual({ host, questions: seen.length, passages: seen.length });
    const expected = seen.flatMap(({ question, passage }) => [question, `Notes\n${passage}`]);
    expect(server.embedded.toSorted()).toEqual(expected.toSorted());
  });

  it('learns from no more questions than it may, and is judged as one that learns from all', async () => {
    const { start } = await workspace();
    const limited = { ...request, settings: { ...request.settings, examplesLimit: 9 } };
    const { examples, sends } = await start().estimate(limited);
    expect(examples).toBe(9);
    expect(sends).toMatchObject({ questions: 9 + part('validation').length, passages: seen.length });
  });

  it('that is paused goes on without sending anything, even when the endpoint is off by then', async () => {
    const { db, start } = await workspace();
    const first = start();
    const runId = await first.create(request);
    await first.proceed(runId, ({ stage, done }) => {
      if (stage === 'Training' && done >= 5) void first.stop(runId, 'pause');
    });
    expect(await db.runs.get(runId)).toMatchObject({ state: 'paused' });
    const before = server.requests.length;
    await setEndpointEnabled('e', false, db);
    await start().proceed(runId);
    expect(await db.runs.get(runId)).toMatchObject({ state: 'done' });
    expect(server.requests).toHaveLength(before);
  });

  it('that is paused ends like one that was not, whatever became of the library meanwhile', async () => {
    const settings = { ...request.settings, negativesFrom: 'workspace' };
    const outcome = async (pausedAt: number) => {
      const { db, start } = await workspace();
      for (const [i, [one, other]] of pairs.entries())
        await writeDocument(db, workspaceId, { path: `more/${i}.md`, passages: [`${one} lies by the ${other}`] });
      const first = start();
      const runId = await first.create({ ...request, settings });
      await first.proceed(runId, ({ stage, done }) => {
        if (stage === 'Training' && done === pausedAt) void first.stop(runId, 'pause');
      });
      expect((await db.runs.get(runId))!.state).toBe(pausedAt > 0 ? 'paused' : 'done');
      for (const i of [0, 3, 7, 20]) await deleteDocument(db, `${workspaceId}/more/${i}.md`);
      await writeDocument(db, workspaceId, { path: 'a.md', passages: ['A stove.', 'A fox and a stove.'] });
      await start().proceed(runId);
      const { baseScore, best, adapterId } = (await db.runs.get(runId))!;
      return { baseScore, best, weights: (await db.adapters.get(adapterId!))!.sha256 };
    };
    expect(await outcome(5)).toEqual(await outcome(-1));
  });

  it('can be kept when its data set is gone: what was learned is in the checkpoint', async () => {
    const { db, start } = await workspace();
    const service = start();
    const kept = async (settings: Record<string, unknown>, dataset: 'there' | 'gone') => {
      const runId = await service.create({ ...request, settings: { ...request.settings, ...settings } });
      await service.proceed(runId, ({ done }) => {
        if (done === 20) void service.stop(runId, 'cancel');
      });
      if (dataset === 'gone') await db.datasets.update('d', { hash: 'another' });
      const { sha256, denseWeight } = (await db.adapters.get(await service.keep(runId)))!;
      await db.datasets.update('d', { hash: 'hash' });
      return { sha256, weighed: denseWeight !== undefined };
    };
    for (const settings of [{}, { rank: 4 }]) {
      const expected = await kept(settings, 'there');
      expect(expected.weighed).toBe(true);
      expect(await kept(settings, 'gone')).toEqual({ ...expected, weighed: false });
    }
  });

  it('asks only for what is missing when the host failed in the middle', async () => {
    const { db, start } = await workspace();
    const runId = await start().create(request);
    let requests = 0;
    server.beforeEmbeddings = () => {
      if (++requests === 2) server.failures = [500, 500, 500];
    };
    await expect(start().proceed(runId)).rejects.toMatchObject({ code: 'endpoint/server-failed' });
    const answered = server.requests[0]!.body!.input!;
    const before = server.embedded.length;
    await start().proceed(runId);
    expect(await db.runs.get(runId)).toMatchObject({ state: 'done' });
    const later = server.embedded.slice(before);
    expect(later).toHaveLength(2 * seen.length - answered.length);
    expect(later).not.toEqual(expect.arrayContaining([answered[0]]));
  });
});

describe('nothing is sent', () => {
  const refused = async (change: (db: AttuneDatabase) => Promise<unknown>, code: string) => {
    const { db, start } = await workspace();
    const runId = await start().create(request);
    await change(db);
    await expect(start().proceed(runId)).rejects.toMatchObject({ code });
    expect(server.requests).toEqual([]);
    expect(await db.runs.get(runId)).toMatchObject({ state: 'failed', problem: { code } });
  };

  it('when the endpoint is off', () => refused((db) => setEndpointEnabled('e', false, db), 'endpoint/off'));

  it('when it was moved to a host that was not agreed to', () =>
    refused(
      (db) => updateEndpoint('e', { name: 'Box', baseUrl: 'http://127.0.0.1:9/v1', model: 'words' }, db),
      'endpoint/other-host',
    ));

  it('when the workspace is not searched by it any more', () =>
    refused((db) => db.workspaces.update(workspaceId, { settings: {} }), 'training/endpoint-left'));

  it('any more once the endpoint is switched off in the middle', async () => {
    const { db, start } = await workspace();
    const runId = await start().create(request);
    server.beforeEmbeddings = () => setEndpointEnabled('e', false, db);
    await expect(start().proceed(runId)).rejects.toMatchObject({ code: 'endpoint/off' });
    expect(server.requests).toHaveLength(1);
  });

  it('for layers that cannot be reached there', async () => {
    const { start } = await workspace();
    await expect(start().create({ ...request, task: 'embedder' })).rejects.toMatchObject({
      code: 'training/wrong-model',
    });
  });
});

it('does not mix vectors of two models in one run', async () => {
  const { db, start } = await workspace();
  const runId = await start().create(request);
  server.failures = [200, 500, 500, 500];
  await expect(start().proceed(runId)).rejects.toMatchObject({ code: 'endpoint/server-failed' });
  await updateEndpoint('e', { name: 'Box', baseUrl: url, model: 'e5-words', role: 'embedder' }, db);
  await setEndpointEnabled('e', true, db);
  await expect(start().proceed(runId)).rejects.toMatchObject({ code: 'training/other-vectors' });
});

it('says how far the asking has come', async () => {
  const { start } = await workspace();
  const service = start();
  const stages: TrainingProgress[] = [];
  await service.proceed(await service.create(request), (progress) => stages.push(progress));
  expect(stages.find(({ stage }) => stage === 'Embedding')).toMatchObject({ done: 0, total: 2 * seen.length });
});
