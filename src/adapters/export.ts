import { BlobReader, BlobWriter, configure, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { mergeBert } from '../engine/adapters/merge-bert.ts';
import { mergeLlama } from '../engine/adapters/merge-llama.ts';
import type { MergedModel } from '../engine/adapters/merge.ts';
import type { LoraAdapter } from '../engine/adapters/lora-adapter.ts';
import { writeGgufLora, type GgufLoraOptions } from '../engine/adapters/write-gguf-lora.ts';
import { SafetensorsFile } from '../engine/formats/safetensors.ts';
import { streamSafetensors } from '../engine/formats/safetensors-writer.ts';
import { parseBertConfig } from '../engine/models/bert/config.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { loadModel } from '../generation/local/load.ts';
import type { ModelFiles } from '../models/contract.ts';
import type { AdapterDescription, AdapterExport } from './contract.ts';
import { adapterFiles, CARD, type TunedAdapter } from './adapter-files.ts';
import { cardFile } from './keep.ts';

configure({ useWebWorkers: false });

/** Half precision halves a merged model, and its base was no finer. */
const MERGED_TYPE = 'F16';

/**
 * An adapter as a file that others load.
 *
 * @param openBase reads its base model, where weights of that are needed
 * @throws AttuneError `adapters/no-export` where the format cannot say what the adapter does
 */
export async function exportAdapter(
  description: AdapterDescription,
  tuned: TunedAdapter,
  openBase: () => Promise<ModelFiles>,
  as: AdapterExport,
): Promise<{ name: string; blob: Blob }> {
  const { name, task, modelName } = description;
  const file = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-+|-+$/g, '') || 'adapter';
  if (as === 'peft-zip') {
    const files = adapterFiles(tuned, task, modelName);
    const { starter: _, location: __, ...card } = description;
    files.set(CARD, cardFile({ ...card, workspaceId: null }));
    return { name: `${file}.zip`, blob: await zipped(file, files) };
  }
  if (tuned.kind === 'linear') throw noExport(name, 'is a matrix over vectors and changes no weights of a model');
  const model = await openBase();
  if (as === 'gguf-lora') {
    const options = await ggufOptions(model);
    return { name: `${file}.gguf`, blob: writeGgufLora(tuned.adapter, { ...options, name, dtype: 'F16' }) };
  }
  const merged = await mergedModel(model, tuned.adapter);
  const parts: BlobPart[] = [];
  for await (const part of streamSafetensors(merged.tensors, { format: 'pt' })) parts.push(new Blob([part]));
  const files = new Map<string, Blob>([
    ['config.json', new Blob([`${JSON.stringify(merged.config, null, 2)}\n`])],
    ['model.safetensors', new Blob(parts)],
    ...(await tokenizerFiles(model)),
  ]);
  return { name: `${file}-merged.zip`, blob: await zipped(`${file}-merged`, files) };
}

async function ggufOptions(model: ModelFiles): Promise<Pick<GgufLoraOptions, 'architecture' | 'headSize'>> {
  if (model.description.role === 'generator') {
    const { config } = (await loadModel(model)).llama;
    const architecture = config.architecture === 'mistral' ? 'llama' : config.architecture;
    return { architecture, headSize: config.headSize };
  }
  const config = parseBertConfig(await model.json('config.json'), model.description.name);
  return { architecture: 'bert', headSize: config.hiddenSize / config.heads };
}

async function mergedModel(model: ModelFiles, adapter: LoraAdapter): Promise<MergedModel> {
  const { files, role } = model.description;
  const known = files.some(({ name }) => name === 'config.json')
    ? await model.json<Record<string, unknown>>('config.json')
    : {};
  if (role === 'generator') return mergeLlama((await loadModel(model)).llama, adapter, MERGED_TYPE, known);
  const weights = files.find(({ name }) => name.endsWith('.safetensors'));
  if (!weights) throw noExport(model.description.name, 'has no safetensors weights to merge into');
  const file = await SafetensorsFile.open(await model.blob(weights.name), weights.name);
  return mergeBert(file, known, adapter, MERGED_TYPE);
}

/** Without them the merged model could not be used; a GGUF file has its tokenizer inside. */
async function tokenizerFiles(model: ModelFiles): Promise<[string, Blob][]> {
  const { files } = model.description;
  const wanted =
    /^(tokenizer|special_tokens|vocab|merges|chat_template|1_Pooling|modules\.json|sentence_|config_sentence)/;
  const names = files.map(({ name }) => name).filter((name) => wanted.test(name));
  const copied = await Promise.all(names.map(async (name) => [name, await model.blob(name)] as [string, Blob]));
  if (names.includes('tokenizer.json') || !files.some(({ name }) => name.endsWith('.gguf'))) return copied;
  const { tokenizer } = await loadModel(model);
  const json = (value: object) => new Blob([JSON.stringify(value)]);
  return [...copied, ['tokenizer.json', json(tokenizer.tokenizer)], ['tokenizer_config.json', json(tokenizer.config)]];
}

async function zipped(folder: string, files: ReadonlyMap<string, Blob>): Promise<Blob> {
  const zip = new ZipWriter(new BlobWriter('application/zip'));
  // Weights hardly shrink, and packing them takes minutes.
  for (const [name, content] of files) {
    await zip.add(`${folder}/${name}`, new BlobReader(content), { level: name.endsWith('.safetensors') ? 0 : 6 });
  }
  return zip.close();
}

function noExport(name: string, why: string): AttuneError {
  return new AttuneError('adapters/no-export', `${name} ${why}.`, 'Export it as a PEFT zip instead.');
}
