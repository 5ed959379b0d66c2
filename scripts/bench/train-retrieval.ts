/**
 * What ten minutes of tuning in a browser buy: recall and reciprocal rank on attackqa-like (500 questions on subjects
 * that training never saw, 3,000 passages), in real Chromium on wasm. Pairs are tuned on in the page; the linear adapter
 * on vectors of the base. What was computed is kept in `.cache/tune/`.
 *
 * Run: npx tsx scripts/bench/train-retrieval.ts [--seconds 600] [--batch 32] [--rate 1e-3]
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { usefulThreads } from '../../src/engine/runtime/runtime.ts';
import { pairedDifference } from '../../src/evaluation/metrics/bootstrap.ts';
import { interval, signedInterval, table } from '../training/report.ts';
import { inChromium } from './in-chromium.ts';
import { attack, attackTrainPairs, xquad, type RetrievalSet } from './retrieval/sets.ts';
import { mapped, tuneLinear } from './train/linear.ts';
import { RANK_METRICS, rankings, type Vectors } from './train/rank.ts';
import type { AdapterText, TuneRequest } from './train/retrieval-page.ts';
import { fromBase64 } from './train/base64.ts';
import type { TimedRun } from './train/timed-run.ts';

const PAGE = 'scripts/bench/train/retrieval-page.ts';
/** Pairs that the linear adapter is trained on: their vectors have to be made first. */
const LINEAR_PAIRS = 3000;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    batch: { type: 'string', default: '32' },
    rate: { type: 'string', default: '1e-3' },
  },
});
const threads = usefulThreads(availableParallelism());
const pairs = attackTrainPairs();
const set = attack();

const request: TuneRequest = {
  pairs,
  seconds: Number(flags.seconds),
  batch: Number(flags.batch),
  learningRate: Number(flags.rate),
  threads,
};
const tuned = await kept(['tune', request], async () => {
  const load = loadavg()[0];
  const result = await inChromium<TimedRun & { adapter: AdapterText; heapBytes: number }>(PAGE, 'tune', request);
  return { ...result, load, date: new Date().toISOString() };
});
const last = tuned.losses.slice(-20);
console.log(
  `${tuned.steps} steps of ${request.batch} pairs in ${tuned.seconds.toFixed(0)} s on wasm, ${threads} threads ` +
    `(${(tuned.tokens / tuned.seconds).toFixed(0)} tokens/s, load before ${tuned.load?.toFixed(1)}, ${tuned.date}), ` +
    `last losses ${(last.reduce((a, b) => a + b, 0) / last.length).toFixed(3)}, heap ${(tuned.heapBytes / 1e6).toFixed(0)} MB`,
);

const base = await vectorsOf(set);
const sharper = await vectorsOf(set, tuned.adapter);
const chosen = pairs.slice(0, LINEAR_PAIRS);
const linear = await tuneLinear(
  await embedded(chosen.map(({ question }) => question)),
  await embedded(chosen.map(({ passage }) => passage)),
);
console.log(`linear adapter: ${linear.seconds.toFixed(1)} s on ${LINEAR_PAIRS} pairs`);
report(set, [
  ['base', rankings(set, base)],
  ['linear adapter', rankings(set, mapped(linear.adapter, base))],
  ['tuned', rankings(set, sharper)],
]);

// What was forgotten: another domain, other questions.
const other = xquad();
report(other, [
  ['base', rankings(other, await vectorsOf(other))],
  ['tuned', rankings(other, await vectorsOf(other, tuned.adapter))],
]);

async function vectorsOf({ passages, questions }: RetrievalSet, adapter?: AdapterText): Promise<Vectors> {
  return {
    passages: await embedded(passages, adapter),
    questions: await embedded(
      questions.map(({ text }) => text),
      adapter,
    ),
  };
}

async function embedded(texts: string[], adapter?: AdapterText): Promise<Float32Array<ArrayBuffer>> {
  const text = await kept(['embed', texts, adapter], () =>
    inChromium<string>(PAGE, 'embed', { texts, adapter, threads }),
  );
  return new Float32Array(fromBase64(text).buffer);
}

function report({ name, questions }: RetrievalSet, systems: [string, number[][]][]): void {
  console.log(`\n${name}: ${questions.length} questions; mean [95 % interval]\n`);
  const scores = systems.map(([system, ranked]) => ({
    system,
    values: Object.values(RANK_METRICS).map((metric) => ranked.map((ids, i) => metric(ids, questions[i]!.relevant))),
  }));
  const names = Object.keys(RANK_METRICS);
  table(
    ['system', ...names],
    scores.map(({ system, values }) => [system, ...values.map(interval)]),
  );
  console.log('\ngain over the base\n');
  table(
    ['system', ...names],
    scores
      .slice(1)
      .map(({ system, values }) => [
        system,
        ...values.map((list, metric) => signedInterval(pairedDifference(list, scores[0]!.values[metric]!))),
      ]),
  );
}

/** Computed once for the same key; the key may be long. */
async function kept<T>(key: unknown, compute: () => Promise<T>): Promise<T> {
  const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16);
  const file = `.cache/tune/${hash}.json`;
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as T;
  const value = await compute();
  mkdirSync('.cache/tune', { recursive: true });
  writeFileSync(file, JSON.stringify(value));
  return value;
}
