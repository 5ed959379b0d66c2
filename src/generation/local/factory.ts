import { residentWasm } from '../../engine/resident/wasm.ts';
import { loadAdapter } from '../../adapters/load.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { openModel } from '../../models/catalogue.ts';
import type { LoadProgress } from '../contract.ts';
import type { AdapterSource } from './held-adapters.ts';
import { LocalChatEngine } from './local-engine.ts';

/** @throws AttuneError from {@link openModel} and {@link LocalChatEngine.load} */
export async function loadLocalEngine(
  modelId: string,
  onProgress?: (progress: LoadProgress) => void,
): Promise<LocalChatEngine> {
  const files = await openModel(modelId);
  const runtime = await residentWasm();
  const device = `wasm, ${runtime.threads} ${runtime.threads === 1 ? 'thread' : 'threads'}`;
  return LocalChatEngine.load(files, { runtime, device, adapters: installedAdapters(modelId), onProgress });
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
