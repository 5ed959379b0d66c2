import 'fake-indexeddb/auto';
import { expect, onTestFinished, test } from 'vitest';
import type { AdapterDescription } from '../../../src/adapters/contract.ts';
import { installedModels, modelSource } from '../../../src/evaluation/installed-models.ts';
import type { NamedModel } from '../../../src/evaluation/matrix/index.ts';
import { LoadedModels } from '../../../src/evaluation/matrix/models.ts';
import { Evaluation } from '../../../src/evaluation/service.ts';
import { EndpointEngine } from '../../../src/generation/endpoint/endpoint-engine.ts';
import type { ModelAdapter } from '../../../src/retrieval/contract.ts';
import { EndpointSource } from '../../../src/retrieval/endpoint-source.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { PipelineModel } from '../../../src/storage/schema.ts';
import { DOCUMENTS, of, setUpLab, WORKSPACE } from '../../support/evaluation-lab.ts';
import { OpenAiServer } from '../../support/openai-server.ts';

const model: PipelineModel = { modelId: 'e', engine: 'endpoint' };

const here = () => Promise.reject(new Error('asked for a model of this machine'));

async function startServer(db: AttuneDatabase): Promise<OpenAiServer> {
  const server = new OpenAiServer();
  onTestFinished(() => server.stop());
  const baseUrl = await server.start();
  await db.endpoints.add({ id: 'e', name: 'Box', baseUrl, model: 'words', enabled: true, role: 'embedder' });
  return server;
}

/** A stand-in server behind the matrix's models; anything of this machine fails. */
async function laboratory() {
  const db = new AttuneDatabase('endpoint-in-the-matrix');
  onTestFinished(() => db.delete());
  const server = await startServer(db);
  const endpoints = new EndpointSource(db);
  const models = new LoadedModels(
    installedModels(db, {
      loadEmbedder: ({ engine, modelId }) => (engine === 'endpoint' ? endpoints.named(modelId) : here()),
      readAdapter: here,
      loadReranker: here,
      loadGenerator: here,
      deviceOf: here,
    }),
  );
  return { db, server, models };
}

test('a search model behind an endpoint embeds in the matrix without a model of this machine', async () => {
  const { server, models } = await laboratory();
  expect(await models.describe(model, 'embedder')).toMatchObject({ name: 'Box' });
  const embedder = await models.embedder(model);
  expect(await embedder.embed(['red fox', 'blue whale'], 'passage')).toHaveLength(2 * 64);
  expect(server.embedded).toContain('blue whale');
});

test('its results are those of this server and this model', async () => {
  const { db, models } = await laboratory();
  const { identity } = await models.describe(model, 'embedder');
  await db.endpoints.update('e', { model: 'other' });
  const changed = new LoadedModels(
    installedModels(db, { deviceOf: async () => '' } as unknown as Parameters<typeof installedModels>[1]),
  );
  expect((await changed.describe(model, 'embedder')).identity).not.toBe(identity);
});

/** A workspace whose search model, its adapter `turn` and whose answer model are behind a server. */
async function behindServer() {
  const { db } = await setUpLab();
  const server = await startServer(db);
  const endpoints = new EndpointSource(db);
  // Questions are turned round, which no ranking survives.
  const b = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? -2 : 0));
  const adapter = { dimensions: 64, sides: 'queries' as const, rank: 0, a: new Float32Array(0), b };
  const description = { id: 'turn', name: 'Turn', sha256: 's', kind: 'linear' as const };
  const models = modelSource(
    {
      loadEmbedder: ({ modelId }) => endpoints.named(modelId),
      readAdapter: async (): Promise<ModelAdapter> => ({ ...description, adapter }),
      loadReranker: here,
      loadGenerator: async ({ modelId }) => {
        const { name, baseUrl, model } = (await db.endpoints.get(modelId))!;
        return new EndpointEngine(modelId, name, { baseUrl, model });
      },
      deviceOf: async (role) => (role === 'generator' ? 'wasm' : here()),
    },
    {
      model: here,
      adapter: async () => description as unknown as AdapterDescription,
      endpoint: (id) => db.endpoints.get(id),
    },
  );
  return { db, server, service: new Evaluation({ database: db, models }) };
}

test('with an adapter for questions alone, passages are sent once for both', async () => {
  const { db, server, service } = await behindServer();
  const [plain, tuned] = [of({ ...model, name: 'Box' }), of({ ...model, adapterId: 'turn', name: 'Turned' })];
  const request = { workspaceId: WORKSPACE, datasetId: 'd', configurations: [plain, tuned] };
  const id = await service.create(request);
  await service.proceed(id);
  for (const text of DOCUMENTS.flatMap(({ passages }) => passages))
    expect(server.embedded.filter((sent) => sent === text)).toHaveLength(1);
  const scores = await db.evaluationScores.where('evaluationId').equals(id).toArray();
  const ranks = (of: { id: string }) =>
    scores.filter(({ configurationId }) => configurationId === of.id).map(({ rank }) => rank);
  expect(ranks(plain)).toEqual([1, 1, 1]);
  expect(ranks(tuned)).not.toEqual([1, 1, 1]);
});

test('answers are written from what it finds, estimated and compared with references by its server', async () => {
  const { db, service } = await behindServer();
  const { baseUrl } = (await db.endpoints.get('e'))!;
  await db.endpoints.add({ id: 'g', name: 'Writer', baseUrl, model: 'echo', enabled: true });
  const writer: NamedModel = { modelId: 'g', engine: 'endpoint', name: 'Writer' };
  const configurations = [
    of({ ...model, name: 'Box' }, null, writer),
    of({ ...model, adapterId: 'turn', name: 'Turned' }, null, writer),
  ];
  const request = { workspaceId: WORKSPACE, datasetId: 'd', configurations, settings: { answering: 'always' } };
  expect((await service.estimate(request)).seconds).toBeGreaterThan(0);
  const id = await service.create(request);
  await service.proceed(id);
  const rows = await db.evaluationScores.where('evaluationId').equals(id).toArray();
  expect(rows).toHaveLength(6);
  for (const { scores } of rows) expect(scores['similarity']).toBeGreaterThan(0);
});

test('a ranking model that is the search model as it is ranks by the vectors of its server', async () => {
  const { server, service } = await behindServer();
  const configurations = [of({ ...model, name: 'Box' }, { ...model, name: 'Box' })];
  const id = await service.create({ workspaceId: WORKSPACE, datasetId: 'd', configurations });
  await service.proceed(id);
  expect(server.embedded.length).toBeGreaterThan(0);
});

test('switched off, it is not sent anything', async () => {
  const { db, server, models } = await laboratory();
  await db.endpoints.update('e', { enabled: false });
  await expect(models.embedder(model)).rejects.toMatchObject({ code: 'endpoint/off' });
  expect(server.requests).toEqual([]);
});
