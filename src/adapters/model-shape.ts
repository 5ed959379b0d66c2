import type { AdaptableModel } from '../engine/adapters/read-peft.ts';
import { readGguf } from '../engine/formats/gguf.ts';
import { SafetensorsFile } from '../engine/formats/safetensors.ts';
import { parseBertConfig } from '../engine/models/bert/config.ts';
import { bertModules } from '../engine/models/bert/modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX } from '../engine/models/bert/scoring-head.ts';
import { configFromGguf, configFromHuggingFace, type HuggingFaceConfig } from '../engine/models/llama/config.ts';
import { llamaModules } from '../engine/models/llama/lora.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { ModelFiles } from '../models/contract.ts';
import type { TuningTask } from '../storage/schema.ts';

/**
 * What of a model can be adapted: read from its header and configuration, no weights are touched.
 *
 * @throws AttuneError of the model's own readers; `adapters/wrong-model` when a task cannot be done with such a model
 */
export async function modelShape(files: ModelFiles, task: TuningTask): Promise<AdaptableModel> {
  const { name } = files.description;
  if (task === 'generator') return { name, modules: llamaModules(await llamaConfig(files)) };
  const json = await files.json<Record<string, unknown>>('config.json').catch((cause: unknown) => {
    throw wrongModel(name, 'search or ranking model', cause);
  });
  const config = parseBertConfig(json, name);
  if (task !== 'reranker') return { name, modules: bertModules(config) };
  const full = [{ path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 }];
  return { name, modules: bertModules(config, CLASSIFIER_PREFIX), full };
}

async function llamaConfig(files: ModelFiles) {
  const { name, files: listed } = files.description;
  const names = listed.map((file) => file.name);
  const gguf = names.find((file) => file.endsWith('.gguf'));
  if (gguf) {
    const header = await readGguf(await files.blob(gguf), gguf);
    return configFromGguf(header.metadata, new Set(header.tensors.keys()));
  }
  if (!names.includes('config.json')) throw wrongModel(name, 'answer model');
  const tensors = new Set<string>();
  for (const shard of names.filter((file) => file.endsWith('.safetensors'))) {
    const opened = await SafetensorsFile.open(await files.blob(shard), shard);
    for (const tensor of opened.tensors.keys()) tensors.add(tensor);
  }
  return configFromHuggingFace(await files.json<HuggingFaceConfig>('config.json'), tensors);
}

function wrongModel(name: string, wanted: string, cause?: unknown): AttuneError {
  return new AttuneError(
    'adapters/wrong-model',
    `${name} is no ${wanted} that can be tuned here.`,
    'Choose a model in the Hugging Face layout, or a GGUF file of the Llama family for answers.',
    { cause },
  );
}
