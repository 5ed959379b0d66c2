/** Runs in the browser: tunes MiniLM for retrieval on wasm and embeds with it. Called by scripts/bench/train-retrieval.ts. */
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { createEmbedderTrainer } from '../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS } from '../../../src/engine/models/bert/weights.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { seededRandom, shuffled } from '../../../src/engine/training/random.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { loadEncoder } from '../../../src/training/tasks/encoder.ts';
import { fromText, toText, type AdapterText } from './adapter-text.ts';
import { toBase64 } from '../../../src/engine/formats/base64.ts';
import { trainForSeconds, type TimedRun } from './timed-run.ts';

const MODEL = 'all-MiniLM-L6-v2';
const MAX_TOKENS = 128;
const TEXTS_AT_ONCE = 256;

export interface TuneRequest {
  pairs: { question: string; passage: string }[];
  seconds: number;
  batch: number;
  learningRate: number;
  threads: number;
}

export interface TunedInPage extends TimedRun {
  adapter: AdapterText;
  heapBytes: number;
}

/** Rank 8 on all six linears, in-batch negatives, shuffled pairs, for so many seconds of training. */
export async function tune(request: TuneRequest): Promise<TunedInPage> {
  const { pairs, batch, seconds, learningRate, threads } = request;
  const { trainer, texts, runtime } = await minilm(threads);
  const encoded = pairs.map(({ question, passage }) => ({
    query: texts.query(question),
    positive: texts.passage({ headings: [], text: passage }),
  }));
  let order: typeof encoded = [];
  let epoch = 0;
  const run = await trainForSeconds(trainer, { seconds, learningRate, warmUpSteps: 20 }, () => {
    if (order.length < batch) order = shuffled(encoded, seededRandom(5, epoch++));
    const chosen = order.splice(0, batch);
    return { queries: chosen.map(({ query }) => query), positives: chosen.map((pair) => pair.positive), negatives: [] };
  });
  const adapter = await toText(trainer.adapter(), { task: 'FEATURE_EXTRACTION' });
  return { ...run, adapter, heapBytes: runtime.usage.heapBytes! };
}

export interface EmbedRequest {
  texts: string[];
  kind: 'query' | 'passage';
  adapter?: AdapterText;
  threads: number;
}

/** Unit vectors of texts, row after row, as base64 of float32. */
export async function embed(request: EmbedRequest): Promise<string> {
  const { trainer, texts } = await minilm(request.threads, request.adapter);
  const encoded = request.texts.map((text) =>
    request.kind === 'query' ? texts.query(text) : texts.passage({ headings: [], text }),
  );
  // Texts of one length side by side: padding is computed too.
  const order = [...encoded.keys()].sort((a, b) => encoded[a]!.length - encoded[b]!.length);
  let vectors = new Float32Array(0);
  for (let at = 0; at < order.length; at += TEXTS_AT_ONCE) {
    const part = order.slice(at, at + TEXTS_AT_ONCE);
    const rows = await trainer.encode(part.map((index) => encoded[index]!));
    const width = rows.length / part.length;
    if (vectors.length === 0) vectors = new Float32Array(order.length * width);
    part.forEach((index, i) => vectors.set(rows.subarray(i * width, (i + 1) * width), index * width));
  }
  return toBase64(new Uint8Array(vectors.buffer));
}

async function minilm(threads: number, text?: AdapterText) {
  const { config, weights, texts, recipe } = await loadEncoder(await openModel(MODEL), MAX_TOKENS);
  const runtime = await residentWasm({ threads });
  const adapter = text && (await fromText(text, { name: MODEL, modules: bertModules(config) }));
  const lora = adapter?.settings ?? { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets: LINEARS };
  const trainer = createEmbedderTrainer({
    config,
    weights,
    runtime,
    pooling: recipe.pooling,
    lora,
    seed: 1,
    ...(adapter && { adapter }),
  });
  return { trainer, texts, runtime };
}
