/** Runs in the browser: tunes MiniLM for retrieval on wasm and embeds with it. Called by scripts/bench/train-retrieval.ts. */
import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { readPeft } from '../../../src/engine/adapters/read-peft.ts';
import { writePeft } from '../../../src/engine/adapters/write-peft.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { createEmbedderTrainer } from '../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS, readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { seededRandom, shuffled } from '../../../src/engine/training/random.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { trainForSeconds, type TimedRun } from './timed-run.ts';

const MODEL = 'all-MiniLM-L6-v2';
const MAX_TOKENS = 128;
const TEXTS_AT_ONCE = 256;

/** A PEFT folder as text. */
export interface AdapterText {
  config: string;
  weights: string;
}

export interface TuneRequest {
  pairs: { question: string; passage: string }[];
  seconds: number;
  batch: number;
  learningRate: number;
  threads: number;
}

/** Rank 8 on all six linears, in-batch negatives, shuffled pairs, for so many seconds of training. */
export async function tune(request: TuneRequest): Promise<TimedRun & { adapter: AdapterText; heapBytes: number }> {
  const { pairs, batch, seconds, learningRate, threads } = request;
  const { trainer, tokens, runtime } = await minilm(threads);
  const encoded = pairs.map(({ question, passage }) => [tokens(question), tokens(passage)] as const);
  let order: typeof encoded = [];
  let epoch = 0;
  const run = await trainForSeconds(trainer, { seconds, learningRate, warmUpSteps: 20 }, () => {
    if (order.length < batch) order = shuffled(encoded, seededRandom(5, epoch++));
    const chosen = order.splice(0, batch);
    return { queries: chosen.map(([query]) => query), positives: chosen.map(([, text]) => text), negatives: [] };
  });
  const files = writePeft(trainer.adapter(), { baseModel: MODEL, task: 'FEATURE_EXTRACTION', dtype: 'F32' });
  const weights = toBase64(new Uint8Array(await files.weights.arrayBuffer()));
  return { ...run, adapter: { config: files.config, weights }, heapBytes: runtime.usage.heapBytes! };
}

/** Unit vectors of texts, row after row, as base64 of float32. */
export async function embed(request: { texts: string[]; adapter?: AdapterText; threads: number }): Promise<string> {
  const { trainer, tokens } = await minilm(request.threads, request.adapter);
  const encoded = request.texts.map(tokens);
  // Texts of one length side by side: padding is computed too.
  const order = [...encoded.keys()].sort((a, b) => encoded[a]!.length - encoded[b]!.length);
  let vectors: Float32Array<ArrayBuffer> | undefined;
  let width = 0;
  for (let at = 0; at < order.length; at += TEXTS_AT_ONCE) {
    const part = order.slice(at, at + TEXTS_AT_ONCE);
    const rows = await trainer.encode(part.map((index) => encoded[index]!));
    width = rows.length / part.length;
    vectors ??= new Float32Array(order.length * width);
    part.forEach((index, i) => vectors!.set(rows.subarray(i * width, (i + 1) * width), index * width));
  }
  return toBase64(new Uint8Array(vectors!.buffer));
}

async function minilm(threads: number, text?: AdapterText) {
  const files = await openModel(MODEL);
  const config = parseBertConfig(await files.json('config.json'), MODEL);
  const { name } = files.description.files.find((file) => file.name.endsWith('.safetensors'))!;
  const weights = await readBertWeights(await SafetensorsFile.open(await files.blob(name), name), config);
  const tokenizer = await createTokenizer(files);
  const runtime = await residentWasm({ threads });
  const adapter: LoraAdapter | undefined =
    text &&
    (await readPeft(JSON.parse(text.config), new Blob([fromBase64(text.weights)]), {
      name: MODEL,
      modules: bertModules(config),
    }));
  const lora = adapter?.settings ?? { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets: LINEARS };
  const trainer = createEmbedderTrainer({
    config,
    weights,
    runtime,
    pooling: 'mean',
    lora,
    seed: 1,
    ...(adapter && { adapter }),
  });
  const separator = tokenizer.encode('').at(-1)!;
  const tokens = (value: string): number[] => {
    const all = tokenizer.encode(value);
    return all.length > MAX_TOKENS ? [...all.slice(0, MAX_TOKENS - 1), separator] : all;
  };
  return { trainer, tokens, runtime };
}
