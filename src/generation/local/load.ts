import { AttuneError } from '../../errors/attune-error.ts';
import { tokenizerFromGguf, type TokenizerFiles } from '../../engine/formats/gguf-tokenizer.ts';
import type { HuggingFaceConfig } from '../../engine/models/llama/config.ts';
import { loadLlamaFolder, loadLlamaGguf, type LoadedLlama } from '../../engine/models/llama/weights.ts';
import type { ModelFiles } from '../../models/contract.ts';
import type { LoadProgress } from '../contract.ts';

export interface LoadedModel {
  llama: LoadedLlama;
  tokenizer: TokenizerFiles;
}

/**
 * Reads a model of the Llama family: one GGUF file, or a Hugging Face folder with config.json, tokenizer.json and
 * safetensors.
 *
 * @throws AttuneError `model/*` naming what is missing or not supported
 */
export async function loadModel(
  files: ModelFiles,
  onProgress?: (progress: LoadProgress) => void,
): Promise<LoadedModel> {
  const names = files.description.files.map(({ name }) => name);
  const read = (name: string) =>
    files.blob(name, (done, total) => onProgress?.({ stage: 'Reading the model', done, total }));
  const gguf = names.find((name) => name.endsWith('.gguf'));
  if (gguf) {
    const llama = await loadLlamaGguf(await read(gguf), gguf);
    return { llama, tokenizer: tokenizerFromGguf(llama.file.metadata) };
  }
  const shards = new Map<string, Blob>();
  for (const name of names.filter((candidate) => candidate.endsWith('.safetensors')))
    shards.set(name, await read(name));
  if (shards.size === 0 || !names.includes('config.json') || !names.includes('tokenizer.json')) {
    throw new AttuneError(
      'model/incomplete',
      `${files.description.name} has neither a GGUF file nor config.json, tokenizer.json and safetensors together.`,
      'Add the whole folder of the model, or a GGUF file of it.',
    );
  }
  const config = names.includes('tokenizer_config.json')
    ? await files.json<Record<string, unknown>>('tokenizer_config.json')
    : {};
  if (names.includes('chat_template.jinja')) config['chat_template'] = await (await read('chat_template.jinja')).text();
  return {
    llama: await loadLlamaFolder(await files.json<HuggingFaceConfig>('config.json'), shards),
    tokenizer: { tokenizer: await files.json('tokenizer.json'), config },
  };
}
