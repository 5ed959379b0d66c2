import type { LoraAdapter } from '../../../engine/adapters/lora-adapter.ts';
import type { AdaptableModel } from '../../../engine/adapters/read-peft.ts';
import { llamaModules, toLlamaAdapter } from '../../../engine/models/llama/lora.ts';
import { TreeDecoder } from '../../../engine/models/llama/tree-decoder.ts';
import type { ResidentRuntime } from '../../../engine/resident/resident.ts';
import { ChatTokenizer } from '../../../generation/local/chat-tokenizer.ts';
import { loadModel } from '../../../generation/local/load.ts';
import type { ModelFiles } from '../../../models/contract.ts';
import { DraftWriter } from './drafts.ts';

export interface DraftWriterOptions {
  runtime: ResidentRuntime;
  /** The adapter `questions`, for a model of this shape. */
  adapter: (shape: AdaptableModel) => Promise<LoraAdapter>;
  onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}

/** A passage, its drafts and the system prompt at most. */
const CONTEXT_TOKENS = 2048;

/**
 * The starter generator with its adapter, ready to draft questions.
 *
 * @throws AttuneError `model/*`, `adapters/*`, `engine/*`
 */
export async function loadDraftWriter(
  files: ModelFiles,
  { runtime, adapter, onProgress }: DraftWriterOptions,
): Promise<{ drafts: DraftWriter; dispose: () => Promise<void> }> {
  const { llama, tokenizer } = await loadModel(files, onProgress);
  const { name } = files.description;
  const lora = await adapter({ name, modules: llamaModules(llama.config) });
  onProgress?.({ stage: 'Starting the model', done: 0, total: 1 });
  const layout = runtime.device === 'webgpu' ? 'blocks' : 'float32';
  const decoder = await TreeDecoder.create(llama, runtime, { layout, contextTokens: CONTEXT_TOKENS, name });
  decoder.setAdapter(toLlamaAdapter(lora, llama.config, 'Questions'));
  return {
    drafts: new DraftWriter(decoder, new ChatTokenizer(tokenizer)),
    dispose: () => decoder.dispose(),
  };
}
