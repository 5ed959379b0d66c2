import type { ModelRow } from '../storage/schema.ts';
import type { AddModelOptions } from './add-model.ts';
import type { PickedFile } from './recognise.ts';

export { listModels } from './catalogue.ts';
export type { PickedFile };

/**
 * What screens do with models. Readers of formats and the hash are loaded when they are first needed, which keeps them
 * out of the first load.
 */

/** Adds a GGUF file or a model folder from this computer. @throws AttuneError, see `add-model.ts` */
export async function addModel(files: readonly PickedFile[], options?: AddModelOptions): Promise<ModelRow> {
  const { addModel } = await import('./add-model.ts');
  return addModel(files, options);
}

/** Fetches a model by its name on the hub; off unless the user switched it on. @throws AttuneError, see `hub.ts` */
export async function addModelFromHub(repository: string, options?: AddModelOptions): Promise<ModelRow> {
  const { addModelFromHub } = await import('./hub.ts');
  return addModelFromHub(repository, options);
}

/** Deletes a model that the user added, with its files. */
export async function deleteModel(id: string): Promise<void> {
  const { deleteModel } = await import('./add-model.ts');
  return deleteModel(id);
}
