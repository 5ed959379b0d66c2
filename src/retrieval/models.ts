import { loadAdapter } from '../adapters/load.ts';
import { webRuntime } from '../engine/runtime/web.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { listModels, openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';
import type { Reranker } from './contract.ts';
import type { EmbedderChoice } from './embedder-source.ts';
import { measuredDevice } from './embedder/choose-device.ts';
import { createEmbedder } from './embedder/create-embedder.ts';
import { createReranker } from './reranker/create-reranker.ts';
import { EMBEDDER_SETTING } from './settings.ts';

let known: { rows: string; ids: string[] } | undefined;

/** The search model that the user chose, else the first one there is. */
export const installedEmbedders: EmbedderChoice = {
  chosen: async () => {
    const [wanted, ids] = await Promise.all([database().settings.get(EMBEDDER_SETTING), embedderIds()]);
    return ids.find((id) => id === wanted?.value) ?? ids[0];
  },
  load: async (modelId) => createEmbedder(await openModel(modelId)),
  adapter: async (adapterId, modelId) => {
    const { description, tuned } = await loadAdapter(adapterId);
    const { id, name, sha256, modelName } = description;
    if (description.modelId === modelId) return { id, name, sha256, ...tuned };
    throw new AttuneError(
      'adapters/wrong-model',
      `The adapter ${name} was made for ${modelName}, which is not the search model in use.`,
      'Choose that search model in Models, or switch the adapter off.',
    );
  },
};

/** Ranking models, each an adapter with a scoring head over its search model. */
export async function installedReranker(adapterId: string): Promise<Reranker> {
  const { description, tuned } = await loadAdapter(adapterId);
  const { id, name, sha256, modelId, task } = description;
  if (task !== 'reranker' || tuned.kind !== 'lora') {
    throw new AttuneError(
      'adapters/wrong-model',
      `The adapter ${name} makes no ranking model.`,
      'Choose an adapter that was trained to rank passages.',
    );
  }
  const [device, files] = await Promise.all([measuredDevice(modelId), openModel(modelId)]);
  return createReranker(files, { id, name, sha256, adapter: tuned.adapter }, { runtime: await webRuntime({ device }) });
}

/** Asked with every search: the starters' manifest is fetched anew only when a model came or went, or none is there. */
async function embedderIds(): Promise<string[]> {
  const rows = (await database().models.toCollection().primaryKeys()).join();
  if (known?.rows !== rows || known.ids.length === 0) {
    const ids = (await listModels()).filter(({ role }) => role === 'embedder').map(({ id }) => id);
    known = { rows, ids };
  }
  return known.ids;
}
