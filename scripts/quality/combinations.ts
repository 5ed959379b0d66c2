/**
 * What each part of a search buys, and what they buy together: the untuned search model, a linear adapter over its
 * vectors and a low-rank one, each without and with a ranking model made behind it, in one table. Everything is trained
 * by the product's own tasks on pairs of attackqa-like and asked the test questions (other subjects); the search is by
 * meaning and words, with the weight of meaning that each run chose. What was computed is kept in `.cache/`.
 *
 * Run: npx tsx scripts/quality/combinations.ts [--train 3000] [--validation 300] [--rerank 100 steps]
 */
import { parseArgs } from 'node:util';
import { attackTrainRows } from '../bench/retrieval/sets.ts';
import type { Rankings } from '../bench/train/rank.ts';
import { reportRankings } from '../bench/train/ranking-report.ts';
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

/** Each combination; the untuned search, the first, is what the others are held against. */
const systems: [string, Rankings][] = [];
for (const [name, search] of searches) {
  const share = search?.adapter.denseWeight;
  const knobs = share === undefined ? {} : { denseWeight: share };
  const ranker = await Ranker.of(set, search ? tunedEmbedder(base, search) : base);
  const shown = share === undefined ? name : `${name}, share ${share}`;
  systems.push([shown, await ranker.rank(questions, 'hybrid', undefined, knobs)]);
  const made = await tune('reranker', rows, rerankSteps, SEED, search);
  const reranker = await tunedReranker(made);
  const ordered = await ranker.reranked(questions, 'hybrid', reranker, knobs);
  systems.push([`${name}, ranking model (step ${made.best})`, ordered]);
  await reranker.dispose();
  reportRankings(set.name, set.test, systems);
}
await base.dispose();
