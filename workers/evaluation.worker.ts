import { expose } from '../src/bridge/expose.ts';
import { usableGpu } from '../src/engine/runtime/web.ts';
import { installedModels } from '../src/evaluation/installed-models.ts';
import { Evaluation } from '../src/evaluation/service.ts';
import { loadEngine } from '../src/generation/engines.ts';
import { measuredDevice } from '../src/retrieval/embedder/choose-device.ts';
import { EndpointSource } from '../src/retrieval/endpoint-source.ts';
import { opfsFiles } from '../src/retrieval/files/opfs.ts';
import { installedEmbedders, installedReranker } from '../src/retrieval/models.ts';
import { storedVectors } from '../src/retrieval/vectors/stored-vectors.ts';
import { database } from '../src/storage/database.ts';

const db = database();
const endpoints = new EndpointSource(db);

expose(
  new Evaluation({
    database: db,
    storedVectors: (workspaceId, embedder, hashes) => storedVectors(db, opfsFiles, workspaceId, embedder, hashes),
    models: installedModels(db, {
      loadEmbedder: async ({ engine, modelId }) =>
        engine === 'endpoint' ? endpoints.named(modelId) : installedEmbedders.load(modelId),
      readAdapter: (adapterId, modelId) => installedEmbedders.adapter!(adapterId, modelId),
      loadReranker: installedReranker,
      loadGenerator: loadEngine,
      deviceOf: async (role, modelId) =>
        role === 'generator' ? ((await usableGpu()) ? 'webgpu' : 'wasm') : measuredDevice(modelId),
    }),
  }),
);
