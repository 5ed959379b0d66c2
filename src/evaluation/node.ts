import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readAdapterFiles } from '../adapters/adapter-files.ts';
import type { AdapterDescription } from '../adapters/contract.ts';
import { residentNode } from '../engine/resident/node.ts';
import { nodeRuntime } from '../engine/runtime/node.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { LocalChatEngine } from '../generation/local/local-engine.ts';
import type { ModelFiles } from '../models/contract.ts';
import { starterModelFiles } from '../models/node.ts';
import { createEmbedder } from '../retrieval/embedder/create-embedder.ts';
import { createReranker } from '../retrieval/reranker/create-reranker.ts';
import { modelSource } from './installed-models.ts';
import type { ModelSource } from './matrix/models.ts';

export interface NodeModels {
  /** Folders of adapters, as the app files and exports them: PEFT files with a card.json. */
  adapterFolders?: readonly string[];
  /** Folder of the starter models. */
  root?: string;
}

interface FiledAdapter {
  folder: string;
  card: AdapterDescription;
}

/** The starter models and adapters in folders, on onnxruntime-node: what the app computes on wasm, in the same precision. */
export async function nodeModels({ adapterFolders = [], root }: NodeModels = {}): Promise<ModelSource> {
  const filed = new Map<string, FiledAdapter>();
  for (const folder of adapterFolders) {
    const card = JSON.parse(await readFile(join(folder, 'card.json'), 'utf8')) as AdapterDescription;
    filed.set(card.id, { folder, card });
  }
  const find = (id: string): FiledAdapter => {
    const found = filed.get(id);
    if (found) return found;
    throw new AttuneError('adapters/unknown', `There is no adapter ${id} here.`, 'Name the folder that it lies in.');
  };
  const open = (modelId: string): Promise<ModelFiles> => starterModelFiles(modelId, root);
  const read = async (id: string) => {
    const { folder, card } = find(id);
    const file = (name: string) => openAsBlob(join(folder, name)).catch(() => undefined);
    return { card, tuned: await readAdapterFiles(file, card.task, await open(card.modelId)) };
  };
  return modelSource(
    {
      deviceOf: async () => 'wasm',
      loadEmbedder: async ({ modelId }) =>
        createEmbedder(await open(modelId), { runtime: nodeRuntime(), precision: 'int8' }),
      readAdapter: async (adapterId) => {
        const { card, tuned } = await read(adapterId);
        return { id: card.id, name: card.name, sha256: card.sha256, ...tuned };
      },
      loadReranker: async (adapterId) => {
        const { card, tuned } = await read(adapterId);
        if (tuned.kind !== 'lora') throw new TypeError(`${card.name} makes no ranking model.`);
        const { id, name, sha256 } = card;
        const options = { runtime: nodeRuntime(), precision: 'int8' as const };
        return createReranker(await open(card.modelId), { id, name, sha256, adapter: tuned.adapter }, options);
      },
      loadGenerator: async ({ modelId }) =>
        LocalChatEngine.load(await open(modelId), {
          runtime: residentNode(),
          device: 'node',
          adapters: async (id) => {
            const { card, tuned } = await read(id);
            if (tuned.kind !== 'lora') throw new TypeError(`${card.name} is no adapter of an answer model.`);
            return { name: card.name, adapter: tuned.adapter };
          },
        }),
    },
    {
      model: async (id) => (await open(id)).description,
      adapter: async (id) => find(id).card,
      endpoint: async () => undefined,
    },
  );
}
