import { AttuneError } from '../errors/attune-error.ts';
import { database } from '../storage/database.ts';
import type { ModelRow } from '../storage/schema.ts';
import type { ModelDescription, ModelFiles, StarterManifest } from './contract.ts';
import { appUrl, modelFiles } from './files.ts';

/** Every model that can be chosen: the starters that set-up fetched, then those that the user added, newest last. */
export async function listModels(): Promise<ModelDescription[]> {
  const [starters, rows] = await Promise.all([starterModels(), database().models.toArray()]);
  return [...starters, ...rows.sort((a, b) => a.addedAt - b.addedAt).map(describeRow)];
}

/** @throws AttuneError `models/unknown` when no model has the id */
export async function openModel(id: string): Promise<ModelFiles> {
  const description = (await listModels()).find((model) => model.id === id);
  if (!description) {
    throw new AttuneError(
      'models/unknown',
      `There is no model ${id} here.`,
      'Choose another model in Models, or add it again.',
    );
  }
  return modelFiles(description);
}

function describeRow({ addedAt: _, ...row }: ModelRow): ModelDescription {
  return { ...row, location: { kind: 'opfs', folder: `models/${row.id}` } };
}

/** Without a manifest there are no starters: search by words and extractive answers still work. */
async function starterModels(): Promise<ModelDescription[]> {
  const response = await fetch(appUrl('models/manifest.json')).catch(() => undefined);
  if (!response?.ok || !response.headers.get('content-type')?.includes('json')) return [];
  const { models } = (await response.json()) as StarterManifest;
  return models.map((model) => ({ ...model, location: { kind: 'origin', folder: `models/${model.id}` } }));
}
