/** Runs in the browser: makes a reranker of MiniLM on wasm and scores with it. Called by scripts/bench/train-retrieval.ts. */
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX, readPooler } from '../../../src/engine/models/bert/scoring-head.ts';
import { createRerankerTrainer } from '../../../src/engine/models/bert/training/reranker-trainer.ts';
import { LINEARS } from '../../../src/engine/models/bert/weights.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { seededRandom, shuffled } from '../../../src/engine/training/random.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { loadEncoder } from '../../../src/training/tasks/encoder.ts';
import { fromText, toText, type AdapterText } from './adapter-text.ts';
import type { TunedInPage } from './retrieval-page.ts';
import { trainForSeconds } from './timed-run.ts';

const MODEL = 'all-MiniLM-L6-v2';
const MAX_TOKENS = 128;
const GROUPS_AT_ONCE = 8;

export interface RankingGroup {
  question: string;
  /** The right one first when training. */
  passages: string[];
}

export interface MakeRequest {
  groups: RankingGroup[];
  seconds: number;
  batch: number;
  learningRate: number;
  threads: number;
}

/** Rank 8 on all six linears and the classifier in full; the loss is listwise over each group. */
export async function make(request: MakeRequest): Promise<TunedInPage> {
  const { groups, batch, seconds, learningRate, threads } = request;
  const { trainer, pairsOf, runtime } = await minilm(threads);
  let order: RankingGroup[] = [];
  let epoch = 0;
  const run = await trainForSeconds(trainer, { seconds, learningRate, warmUpSteps: 20 }, () => {
    if (order.length < batch) order = shuffled(groups, seededRandom(7, epoch++));
    const chosen = order.splice(0, batch);
    return {
      groups: chosen.map((group) => ({ ...pairsOf(group), labels: group.passages.map((_, i) => Number(i === 0)) })),
    };
  });
  const adapter = await toText(trainer.adapter(), { task: 'SEQ_CLS' });
  return { ...run, adapter, heapBytes: runtime.usage.heapBytes! };
}

/** Scores of each group's passages. */
export async function score(request: {
  groups: RankingGroup[];
  adapter: AdapterText;
  threads: number;
}): Promise<number[][]> {
  const { trainer, pairsOf } = await minilm(request.threads, request.adapter);
  const scores: number[][] = [];
  for (let at = 0; at < request.groups.length; at += GROUPS_AT_ONCE) {
    const part = request.groups.slice(at, at + GROUPS_AT_ONCE);
    const all = await trainer.score(part.map(pairsOf));
    let from = 0;
    for (const { passages } of part) scores.push([...all.subarray(from, (from += passages.length))]);
  }
  return scores;
}

async function minilm(threads: number, text?: AdapterText) {
  const files = await openModel(MODEL);
  const { config, weights, texts } = await loadEncoder(files, MAX_TOKENS);
  const { name } = files.description.files.find((file) => file.name.endsWith('.safetensors'))!;
  const pooler = (await readPooler(await SafetensorsFile.open(await files.blob(name), name)))!;
  const runtime = await residentWasm({ threads });
  const adapter =
    text &&
    (await fromText(text, {
      name: MODEL,
      modules: bertModules(config, CLASSIFIER_PREFIX),
      full: [{ path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 }],
    }));
  const lora = adapter?.settings ?? { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets: LINEARS };
  const trainer = createRerankerTrainer({
    config,
    weights,
    pooler,
    runtime,
    lora,
    loss: 'listwise',
    seed: 1,
    ...(adapter && { adapter }),
  });
  /** `[CLS] question [SEP] passage [SEP]`; the passage's own first token is left out. */
  const pairsOf = ({ question, passages }: RankingGroup) => {
    const query = texts.query(question);
    const pairs = passages.map((passage) => {
      const rest = texts.passage({ headings: [], text: passage }).slice(1);
      return { tokens: [...query, ...rest], types: [...query.map(() => 0), ...rest.map(() => 1)] };
    });
    return { pairs: pairs.map(({ tokens }) => tokens), types: pairs.map(({ types }) => types) };
  };
  return { trainer, pairsOf, runtime };
}
