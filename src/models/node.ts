import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelDescription, ModelFiles, StarterManifest } from './contract.ts';

/** A model's files in a folder of the file system: tests, benches, headless runs. Blobs are lazy. */
export function folderModelFiles(folder: string, description: ModelDescription): ModelFiles {
  return {
    description,
    blob: (name) => openAsBlob(join(folder, name)),
    json: async <T>(name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as T,
  };
}

/** A starter model where set-up put it. @throws Error with the way out when set-up has not run */
export async function starterModelFiles(id: string, root = 'public/models'): Promise<ModelFiles> {
  const manifest = JSON.parse(
    await readFile(join(root, 'manifest.json'), 'utf8').catch(() => {
      throw new Error(`${root}/manifest.json is missing: the starter models are not fetched. Run npm start once.`);
    }),
  ) as StarterManifest;
  const model = manifest.models.find((candidate) => candidate.id === id);
  if (!model)
    throw new Error(`The starter model ${id} is not in ${root}/manifest.json. Run npm start with the network on.`);
  return folderModelFiles(join(root, id), { ...model, location: { kind: 'origin', folder: `models/${id}` } });
}
