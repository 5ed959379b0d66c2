import { SafetensorsFile } from '../../engine/formats/safetensors.ts';
import { maxSequenceLength, parseBertConfig } from '../../engine/models/bert/config.ts';
import { bertEncoderGraph } from '../../engine/models/bert/encoder.ts';
import type { Precision } from '../../engine/models/bert/linear.ts';
import { readBertWeights } from '../../engine/models/bert/weights.ts';
import { zeroLora } from '../../engine/models/lora.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import type { ModelFiles } from '../../models/contract.ts';
import { createTokenizer } from '../../models/tokenizer.ts';
import { BertEmbedder } from './bert-embedder.ts';
import { readRecipe } from './recipe.ts';

export interface EmbedderOptions {
  /** Where to run. Absent: WebGPU or wasm, whichever was measured to be faster in this browser. */
  runtime?: Runtime;
  /** Absent: int8 on wasm, where it is twice as fast, float32 elsewhere. */
  precision?: Precision;
  /** Bytes of the weights read so far, and in all. */
  onProgress?: (done: number, total: number) => void;
}

/** Padded tokens per run. On wasm more gains nothing and costs memory; a GPU wants more work at once. */
const BATCH_TOKENS = { cpu: 2048, wasm: 2048, webgpu: 8192 };

/**
 * Loads an encoder; its `tuned` gives the same one with an adapter.
 *
 * @throws AttuneError when a file is missing or damaged, the architecture is not supported or memory is short; the
 *   message names the file or the model
 */
export async function createEmbedder(files: ModelFiles, options: EmbedderOptions = {}): Promise<BertEmbedder> {
  const { runtime, precision } = options;
  if (runtime) return load(files, runtime, precision, options.onProgress);
  // Imported here because Node, which always brings its runtime, has neither WebGPU nor IndexedDB.
  const [{ webRuntime }, { chooseDevice }] = await Promise.all([
    import('../../engine/runtime/web.ts'),
    import('./choose-device.ts'),
  ]);
  const loadOn = async (device: 'wasm' | 'webgpu') =>
    load(files, await webRuntime({ device }), precision, options.onProgress);
  return chooseDevice(files.description.id, loadOn);
}

async function load(
  files: ModelFiles,
  runtime: Runtime,
  precision: Precision = runtime.device === 'wasm' ? 'int8' : 'float32',
  onProgress?: EmbedderOptions['onProgress'],
): Promise<BertEmbedder> {
  const { description } = files;
  const weightFile = description.files.find(({ name }) => name.endsWith('.safetensors'));
  if (!weightFile) {
    throw new AttuneError(
      'models/unsupported-format',
      `The embedder ${description.name} has no .safetensors file.`,
      'Add the model as a folder with config.json, tokenizer.json and its safetensors weights.',
    );
  }
  const [configJson, recipe, tokenizer] = await Promise.all([
    files.json<Record<string, unknown>>('config.json'),
    readRecipe(files),
    createTokenizer(files),
  ]);
  const config = parseBertConfig(configJson, description.name);
  const blob = await files.blob(weightFile.name, onProgress);
  // Half precision is an optional feature of WebGPU, and the table is only looked up there.
  const weights = await readBertWeights(
    await SafetensorsFile.open(blob, weightFile.name),
    config,
    runtime.device !== 'webgpu',
  );
  const model = bertEncoderGraph(config, weights, { pooling: recipe.pooling, precision });
  const session = await runtime.createSession(model, { name: description.name });
  return new BertEmbedder({
    // Name and hash, not the row's id: a model deleted and added again finds its vectors, a changed one does not.
    id: `${description.name}@${weightFile.sha256.slice(0, 12)}/${precision}`,
    device: deviceName(runtime),
    dimensions: config.hiddenSize,
    maxTokens: Math.min(recipe.maxTokens ?? Infinity, maxSequenceLength(config)),
    padTokenId: config.padTokenId,
    batchTokens: BATCH_TOKENS[runtime.device],
    recipe,
    tokenizer,
    runtime,
    session,
    inputs: { inputs: model.inputs },
    lora: zeroLora(runtime, model),
  });
}

function deviceName({ device, threads }: Runtime): string {
  return device === 'webgpu' ? 'WebGPU' : `${device}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}
