import 'fake-indexeddb/auto';
import { expect, onTestFinished, test } from 'vitest';
import { installedModels } from '../../../src/evaluation/installed-models.ts';
import { LoadedModels } from '../../../src/evaluation/matrix/models.ts';
import { EndpointSource } from '../../../src/retrieval/endpoint-source.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { PipelineModel } from '../../../src/storage/schema.ts';
import { OpenAiServer } from '../../support/openai-server.ts';

const model: PipelineModel = { modelId: 'e', engine: 'endpoint' };

/** A stand-in server behind the matrix's models; anything of this machine fails. */
async function laboratory() {
  const db = new AttuneDatabase('endpoint-in-the-matrix');
  onTestFinished(() => db.delete());
  const server = new OpenAiServer();
  onTestFinished(() => server.stop());
  const baseUrl = await server.start();
  await db.endpoints.add({ id: 'e', name: 'Box', baseUrl, model: 'words', enabled: true, role: 'embedder' });
  const endpoints = new EndpointSource(db);
  const here = () => Promise.reject(new Error('asked for a model of this machine'));
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

test('switched off, it is not sent anything', async () => {
  const { db, server, models } = await laboratory();
  await db.endpoints.update('e', { enabled: false });
  await expect(models.embedder(model)).rejects.toMatchObject({ code: 'endpoint/off' });
  expect(server.requests).toEqual([]);
});
