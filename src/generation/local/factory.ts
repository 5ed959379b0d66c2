import { chooseRuntime, type ChosenRuntime } from '../../engine/resident/choose.ts';
import { loadAdapter } from '../../adapters/load.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { openModel } from '../../models/catalogue.ts';
import type { LoadProgress } from '../contract.ts';
import type { AdapterSource } from './held-adapters.ts';
import { LocalChatEngine } from './local-engine.ts';

/**
 * Loads a model on the GPU if there is one worth using that holds it, else on the processor.
 *
 * @throws AttuneError from {@link openModel} and {@link LocalChatEngine.load}
 */
export async function loadLocalEngine(
  modelId: string,
  onProgress?: (progress: LoadProgress) => void,
): Promise<LocalChatEngine> {
  const files = await openModel(modelId);
  const load = ({ runtime, label }: ChosenRuntime) =>
    LocalChatEngine.load(files, { runtime, device: label, adapters: installedAdapters(modelId), onProgress });
  const chosen = await chooseRuntime();
  try {
    return await load(chosen);
  } catch (error) {
    // What is wrong with the model itself is wrong everywhere.
    if (chosen.runtime.device !== 'webgpu' || !(error instanceof AttuneError) || !error.code.startsWith('engine/'))
      throw error;
    return load(await chooseRuntime('wasm'));
  }
}

/** The adapters of this machine that were made for a model. */
function installedAdapters(modelId: string): AdapterSource {
  return async (id, shape) => {
    const { description, tuned } = await loadAdapter(id, shape);
    const { name, modelName } = description;
    if (tuned.kind === 'lora' && description.modelId === modelId) return { name, adapter: tuned.adapter };
    throw new AttuneError(
      'adapters/wrong-model',
      `The adapter ${name} was made for ${modelName}, not for ${shape.name}.`,
      'Choose the answer model that it was made for, or switch it off.',
    );
  };
}
