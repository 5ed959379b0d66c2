/**
 * What each part of a search buys, and what they buy together: the untuned search model, a linear adapter over its
 * vectors and a low-rank one, each without and with a ranking model made behind it, in one table. Everything is trained
 * by the product's own tasks on pairs of attackqa-like and asked the test questions (other subjects); the search is by
 * meaning and words, with the weight of meaning that each run chose. What was computed is kept in `.cache/`.
 *
 * Run: npx tsx scripts/quality/combinations.ts [--train 3000] [--validation 300] [--rerank 100 steps]
 */
import { parseArgs } from 'node:util';
import { pairedDifference } from '../../src/evaluation/metrics/bootstrap.ts';
import { attackTrainRows } from '../bench/retrieval/sets.ts';
import { RANK_METRICS } from '../bench/train/rank.ts';
import { interval, signedInterval, table } from '../training/report.ts';
import { corpus } from './synthetic/corpora.ts';
import { Ranker } from './synthetic/ranker.ts';
import { baseEmbedder, tune, tunedEmbedder, tunedReranker, type Tuned } from './synthetic/tune.ts';

const { values: flags } = parseArgs({
  options: {
    train: { type: 'string', default: '3000' },
    validation: { type: 'string', default: '300' },
    rerank: { type: 'string', default: '100' },
  },
});
const SEED = 1;
const set = await corpus('attackqa-like');
const questions = set.test.map(({ text }) => text);
const rows = attackTrainRows(Number(flags.train), Number(flags.validation));
const watched = { validationLimit: 200, validationPool: 1000 };
const rerankSteps = { steps: Number(flags.rerank), validateEvery: Math.ceil(Number(flags.rerank) / 2) };

const base = await baseEmbedder();
const searches: [string, Tuned | undefined][] = [
  ['untuned', undefined],
  ['linear adapter', await tune('linear', rows, watched, SEED)],
  [
    'low-rank adapter',
    await tune('embedder', rows, { ...watched, epochs: 1, hardNegatives: 0, validateEvery: 31 }, SEED),
  ],
];

const systems: { name: string; scores: number[][] }[] = [];
for (const [name, search] of searches) {
  const share = search?.adapter.denseWeight;
  const knobs = share === undefined ? {} : { denseWeight: share };
  const ranker = await Ranker.of(set, search ? tunedEmbedder(base, search) : base);
  add(
    `${name}${share === undefined ? '' : `, share ${share}`}`,
    await ranker.rank(questions, 'hybrid', undefined, knobs),
  );
  const made = await tune('reranker', rows, rerankSteps, SEED, search);
  const reranker = await tunedReranker(made);
  add(`${name}, ranking model (step ${made.best})`, await ranker.reranked(questions, 'hybrid', reranker, knobs));
  await reranker.dispose();
  report();
}
await base.dispose();

function add(name: string, rankings: readonly (readonly number[])[]): void {
  const scores = Object.values(RANK_METRICS).map((metric) =>
    rankings.map((ids, i) => metric([...ids], set.test[i]!.relevant)),
  );
  systems.push({ name, scores });
}

/** Each combination against the untuned search, question by question. */
function report(): void {
  const names = Object.keys(RANK_METRICS);
  console.log(`\n${set.name}: ${questions.length} questions; mean [95 % interval], then the gain over the first\n`);
  table(
    ['search', ...names],
    systems.map(({ name, scores }) => [name, ...scores.map(interval)]),
  );
  console.log();
  table(
    ['search', ...names],
    systems.slice(1).map(({ name, scores }) => {
      const gains = scores.map((values, metric) => pairedDifference(values, systems[0]!.scores[metric]!));
      return [name, ...gains.map(signedInterval)];
    }),
  );
}
