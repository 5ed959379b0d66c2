import { expose } from '../src/bridge/expose.ts';
import { ChosenEmbedder } from '../src/retrieval/embedder-source.ts';
import { opfsFiles } from '../src/retrieval/files/opfs.ts';
import { installedEmbedders } from '../src/retrieval/models.ts';
import { Retrieval } from '../src/retrieval/service.ts';
import { database } from '../src/storage/database.ts';

expose(new Retrieval({ database: database(), files: opfsFiles, embedders: new ChosenEmbedder(installedEmbedders) }));
