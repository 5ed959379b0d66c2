/** Runs in the browser: makes a ranking model of MiniLM on wasm as the app does, and scores with it. Called by scripts/bench/train-retrieval.ts. */
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX } from '../../../src/engine/models/bert/scoring-head.ts';
import { createRerankerTrainer } from '../../../src/engine/models/bert/training/reranker-trainer.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { loadEncoder } from '../../../src/training/tasks/encoder.ts';
import { prepareReranker } from '../../../src/training/tasks/reranker.ts';
import { fromText, toText, type AdapterText } from './adapter-text.ts';
import type { TunedInPage } from './retrieval-page.ts';

const MODEL = 'all-MiniLM-L6-v2';
const MAX_TOKENS = 128;
const GROUPS_AT_ONCE = 8;
/** Questions among the last pairs that choose the best step, as in the app. */
const VALIDATED = 40;
const VALIDATE_EVERY = 40;

export interface MakeRequest {
  pairs: { question: string; passage: string }[];
  /** Of training steps; looking for candidates and validating come on top. */
  seconds: number;
  threads: number;
  /** Adapter of the search behind which it stands; absent: the untuned one. */
  search?: AdapterText;
}

/** The app's own task with its own settings, as many steps as a measured one fits into the seconds. */
export async function make({ pairs, seconds, threads, search }: MakeRequest): Promise<TunedInPage> {
  const [files, runtime] = [await openModel(MODEL), await residentWasm({ threads })];
  const { config } = await loadEncoder(files, MAX_TOKENS);
  const adapter = search && (await fromText(search, { name: MODEL, modules: bertModules(config) }));
  const examples = pairs.map(({ question, passage }, i) => rowOf(question, passage, i, pairs.length - VALIDATED));
  const known = new Map<string, unknown>();
  const prepare = (steps: number) =>
    prepareReranker({
      files,
      runtime,
      seed: 1,
      examples,
      settings: { steps, maxTokens: MAX_TOKENS, validateEvery: VALIDATE_EVERY, patience: 0 },
      ...(adapter && { searchAdapter: async () => ({ kind: 'lora' as const, adapter }) }),
      memo: { get: (key) => known.get(key), set: async (key, value) => void known.set(key, value) },
    });
  const probe = await prepare(VALIDATE_EVERY);
  await probe.probe('typical');
  const began = performance.now();
  await probe.probe('typical');
  const steps = Math.max(1, Math.floor((1000 * seconds) / (performance.now() - began)));
  await probe.dispose();

  const task = await prepare(steps);
  const run = { steps: 0, seconds: 0, tokens: 0, losses: [] as number[] };
  const { checkpoint } = await task.train({
    onStep: ({ step, loss, seconds: took, tokens }) => {
      run.steps = step;
      run.seconds += took;
      run.tokens += tokens;
      run.losses.push(loss);
    },
    onValidation: () => undefined,
    onCheckpoint: async () => undefined,
  });
  const tuned = await task.adapterAt(checkpoint);
  if (tuned.kind !== 'lora') throw new TypeError('A ranking model is a low-rank adapter.');
  return { ...run, adapter: await toText(tuned.adapter, { task: 'SEQ_CLS' }), heapBytes: runtime.usage.heapBytes! };
}

/** Scores of each group's passages. */
export async function score(request: {
  groups: { question: string; passages: string[] }[];
  adapter: AdapterText;
  threads: number;
}): Promise<number[][]> {
  const files = await openModel(MODEL);
  const { config, weights, pooler, texts } = await loadEncoder(files, MAX_TOKENS);
  const adapter = await fromText(request.adapter, {
    name: MODEL,
    modules: bertModules(config, CLASSIFIER_PREFIX),
    full: [{ path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 }],
  });
  const trainer = createRerankerTrainer({
    config,
    weights,
    pooler: pooler!,
    runtime: await residentWasm({ threads: request.threads }),
    lora: adapter.settings,
    loss: 'listwise',
    seed: 1,
    adapter,
  });
  const scores: number[][] = [];
  for (let at = 0; at < request.groups.length; at += GROUPS_AT_ONCE) {
    const part = request.groups.slice(at, at + GROUPS_AT_ONCE).map(({ question, passages }) => {
      const pairs = passages.map((text) => texts.pair(question, { headings: [], text }));
      return { pairs: pairs.map(({ tokens }) => tokens), types: pairs.map(({ types }) => types) };
    });
    const all = await trainer.score(part);
    let from = 0;
    for (const { pairs } of part) scores.push([...all.subarray(from, (from += pairs.length))]);
  }
  return scores;
}

function rowOf(question: string, passage: string, place: number, train: number): ExampleRow {
  return {
    id: String(place),
    datasetId: 'bench',
    workspaceId: 'bench',
    ordinal: place,
    split: place < train ? 'train' : 'validation',
    kind: 'fact',
    question,
    answer: '',
    passage,
    headings: [],
    documentKey: String(place),
    negatives: [],
  };
}
