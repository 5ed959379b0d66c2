import { expose } from '../src/bridge/expose.ts';
import { ChosenEmbedder } from '../src/retrieval/embedder-source.ts';
import { EndpointSource } from '../src/retrieval/endpoint-source.ts';
import { opfsFiles } from '../src/retrieval/files/opfs.ts';
import { installedEmbedders, installedReranker } from '../src/retrieval/models.ts';
import { LastReranker } from '../src/retrieval/reranker-source.ts';
import { Retrieval } from '../src/retrieval/service.ts';
import { database } from '../src/storage/database.ts';

expose(
  new Retrieval({
    database: database(),
    files: opfsFiles,
    embedders: new ChosenEmbedder(installedEmbedders),
    endpoints: new EndpointSource(database(), {
      adapter: (id, endpointId) => installedEmbedders.adapter!(id, endpointId),
    }),
    rerankers: new LastReranker(installedReranker),
  }),
);
