import { SafetensorsFile } from '../../engine/formats/safetensors.ts';
import { maxSequenceLength, parseBertConfig } from '../../engine/models/bert/config.ts';
import { crossEncoderFeeds, crossEncoderGraph } from '../../engine/models/bert/cross-encoder.ts';
import type { Precision } from '../../engine/models/bert/linear.ts';
import { readPooler } from '../../engine/models/bert/scoring-head.ts';
import { readBertWeights } from '../../engine/models/bert/weights.ts';
import type { LoraAdapter } from '../../engine/adapters/lora-adapter.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import type { ModelFiles } from '../../models/contract.ts';
import { createTokenizer } from '../../models/tokenizer.ts';
import type { AdapterName } from '../contract.ts';
import { readRecipe } from '../embedder/recipe.ts';
import { CrossEncoderReranker } from './cross-encoder-reranker.ts';

/** A ranking model's adapter: low-rank matrices and the scoring head. */
export type RerankerAdapter = AdapterName & { sha256: string; adapter: LoraAdapter };

export interface RerankerOptions {
  runtime: Runtime;
  /** Absent: int8 on wasm, where it is twice as fast, float32 elsewhere. */
  precision?: Precision;
}

/** Longest pair by default, which is also what rankers are trained with here: a chunk of 254 tokens loses its end. */
const MAX_TOKENS = 256;
/** Padded tokens per run: small on processors, where a search that was overtaken ends between two runs. */
const BATCH_TOKENS = { cpu: 2048, wasm: 2048, webgpu: 8192 };

/**
 * Makes a ranking model of a search model and an adapter with a scoring head.
 *
 * @throws AttuneError when a file is missing or damaged, the adapter has no head or does not fit, or memory is short
 */
export async function createReranker(
  files: ModelFiles,
  { id, name, sha256, adapter }: RerankerAdapter,
  { runtime, precision = runtime.device === 'wasm' ? 'int8' : 'float32' }: RerankerOptions,
): Promise<CrossEncoderReranker> {
  const { description } = files;
  const weightFile = description.files.find((file) => file.name.endsWith('.safetensors'));
  if (!weightFile) throw cannotRank(description.name, 'no .safetensors file');
  const [json, recipe, tokenizer] = await Promise.all([
    files.json<Record<string, unknown>>('config.json'),
    readRecipe(files),
    createTokenizer(files),
  ]);
  const config = parseBertConfig(json, description.name);
  const file = await SafetensorsFile.open(await files.blob(weightFile.name), weightFile.name);
  const pooler = await readPooler(file);
  if (!pooler) throw cannotRank(description.name, 'no pooler, which a ranking model scores with');
  const weights = await readBertWeights(file, config, runtime.device !== 'webgpu');
  const model = crossEncoderGraph(config, weights, pooler, precision);
  // Before the session is made: an adapter that does not fit leaves nothing in memory.
  const feeds = crossEncoderFeeds(runtime, model, name, adapter);
  const session = await runtime.createSession(model, { name: description.name });
  return new CrossEncoderReranker({
    id: `${id}@${sha256.slice(0, 12)}/${precision}`,
    maxTokens: Math.min(MAX_TOKENS, recipe.maxTokens ?? Infinity, maxSequenceLength(config)),
    padTokenId: config.padTokenId,
    batchTokens: BATCH_TOKENS[runtime.device],
    tokenizer,
    runtime,
    session,
    feeds,
  });
}

function cannotRank(model: string, what: string): AttuneError {
  return new AttuneError(
    'models/unsupported-format',
    `${model} has ${what}, so it cannot rank passages.`,
    'Choose an adapter of MiniLM or of another model of the type bert in the Hugging Face layout.',
  );
}
