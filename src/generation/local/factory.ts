import { residentWasm } from '../../engine/resident/wasm.ts';
import { openModel } from '../../models/catalogue.ts';
import type { LoadProgress } from '../contract.ts';
import { LocalChatEngine } from './local-engine.ts';

/** @throws AttuneError from {@link openModel} and {@link LocalChatEngine.load} */
export async function loadLocalEngine(
  modelId: string,
  onProgress?: (progress: LoadProgress) => void,
): Promise<LocalChatEngine> {
  const files = await openModel(modelId);
  const runtime = await residentWasm();
  const device = `wasm, ${runtime.threads} ${runtime.threads === 1 ? 'thread' : 'threads'}`;
  return LocalChatEngine.load(files, { runtime, device, onProgress });
}
