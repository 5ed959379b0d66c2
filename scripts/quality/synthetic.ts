/**
 * What tuning on documents alone buys: questions written by the product's question writer for the passages of a corpus,
 * checked by its rules, the search model tuned on them, and people's questions asked of both. No question by a person
 * is trained on, checked with or chosen by. What was computed is kept in `.cache/synthetic/`: a killed run goes on.
 *
 * Run: npx tsx scripts/quality/synthetic.ts [--set handbook|cranfield|attackqa-like] [--passages 0 all] [--write-seconds N]
 *   [--seed 1] [--task embedder|linear] [--per-passage 6] [--top-k 20] [--copy-cost 0] [--write-only] [--no-test] [--rerank 0 steps]
 *   [knob=value of the training task …]
 */
import { parseArgs } from 'node:util';
import { pairedDifference } from '../../src/evaluation/metrics/bootstrap.ts';
import { mean, ndcgAtK, recallAtK, reciprocalRank } from '../../src/evaluation/metrics/ranking.ts';
import type { ExampleRow } from '../../src/storage/schema.ts';
import { interval, signedInterval, table } from '../training/report.ts';
import { corpus } from './synthetic/corpora.ts';
import { knobsFrom } from './synthetic/knobs.ts';
import { Ranker } from './synthetic/ranker.ts';
import { copiedShare, rowsOf, withNegatives } from './synthetic/rows.ts';
import { baseEmbedder, tune, tunedEmbedder, tunedReranker, type Tunable, type Tuned } from './synthetic/tune.ts';
import { passagesToRead, writeDrafts } from './synthetic/write-drafts.ts';

const METRICS = {
  'recall@1': (ids: number[], relevant: Set<number>) => recallAtK(ids, relevant, 1),
  'recall@5': (ids: number[], relevant: Set<number>) => recallAtK(ids, relevant, 5),
  'nDCG@10': (ids: number[], relevant: Set<number>) => ndcgAtK(ids, relevant, 10),
  MRR: (ids: number[], relevant: Set<number>) => reciprocalRank(ids, relevant),
};

const WEIGHTS = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: 'string', default: 'handbook' },
    passages: { type: 'string', default: '0' },
    'write-seconds': { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    task: { type: 'string', default: 'embedder' },
    'per-passage': { type: 'string', default: '6' },
    'top-k': { type: 'string', default: '20' },
    'copy-cost': { type: 'string', default: '0' },
    'write-only': { type: 'boolean', default: false },
    'no-test': { type: 'boolean', default: false },
    rerank: { type: 'string', default: '0' },
  },
});
const knobs = knobsFrom(positionals);
const seed = Number(flags.seed);
const set = await corpus(flags.set);
const toRead = passagesToRead(set.passages, seed, Number(flags.passages));
console.log(
  `${set.name}: ${set.passages.length} passages, ${toRead.length} to read, ${set.test.length} questions by people`,
);
const written = await writeDrafts(
  toRead,
  `.cache/synthetic/${set.name}-${seed}.jsonl`,
  {},
  seed,
  Number(flags['write-seconds']),
);
if (!flags['write-only']) await measure();

async function measure(): Promise<void> {
  const base = await baseEmbedder();
  const baseRanker = await Ranker.of(set, base);
  const drafts = written.reduce((sum, { drafts: { length } }) => sum + length, 0);
  const { rows, dropped } = await rowsOf(set, written, baseRanker, {
    seed,
    perPassage: Number(flags['per-passage']),
    topK: Number(flags['top-k']),
    validationShare: 0.1,
    copyCost: Number(flags['copy-cost']),
  });
  const count = (split: string) => rows.filter((row) => row.split === split).length;
  console.log(
    `${drafts} drafts on ${written.length} passages; ${rows.length} rows in use: ${count('train')} to train, ${count('validation')} to validate`,
  );
  const copied = rows.map(({ question, passage, headings }) => copiedShare(question, [...headings, passage].join(' ')));
  console.log(`words of a question that stand in its passage: ${interval(copied)}`);
  console.log(
    `dropped: ${Object.entries(dropped)
      .map(([reason, n]) => `${reason} ${n}`)
      .join(', ')}`,
  );
  const mined = knobs['hardNegatives']
    ? await withNegatives(set, rows, baseRanker, Number(knobs['hardNegatives']), seed)
    : rows;
  const settings = { validationPool: 200, validationLimit: 80, ...knobs };
  const tuned = await tune(flags.task as Tunable, mined, settings, seed);
  tell(tuned);
  const { denseWeight } = tuned.adapter;
  console.log(`share of meaning that the run chose: ${denseWeight}`);
  if (flags['no-test']) return;
  const tunedRanker = await Ranker.of(set, tunedEmbedder(base, tuned));
  const searches = [baseRanker, tunedRanker] as const;
  for (const mode of ['dense', 'hybrid'] as const) {
    // The tuned search with the share that came with its adapter, as the product searches.
    const knobs = [{}, denseWeight === undefined ? {} : { denseWeight }];
    await report(
      mode,
      searches.map((ranker, i) => (questions) => ranker.rank(questions, mode, undefined, knobs[i])),
    );
  }
  const judged = rows.filter(({ split }) => split === 'validation');
  const weights = await Promise.all(searches.map((ranker) => bestWeight(ranker, judged)));
  console.log(`\nweights of meaning that do best on validation questions: base ${weights[0]}, tuned ${weights[1]}`);
  await report(
    'hybrid, with them',
    searches.map(
      (ranker, i) => (questions) => ranker.rank(questions, 'hybrid', undefined, { denseWeight: weights[i] }),
    ),
  );
  if (Number(flags.rerank) > 0) await behind(rows, searches, [undefined, tuned]);
  await base.dispose();
}

/** The weight of meaning with the highest MRR on questions of which the right passage is known. */
async function bestWeight(ranker: Ranker, rows: readonly ExampleRow[]): Promise<number> {
  const questions = rows.map(({ question }) => question);
  const scored = WEIGHTS.map(async (denseWeight) => {
    const ranked = await ranker.rank(questions, 'hybrid', 10, { denseWeight });
    return mean(ranked.map((ids, i) => reciprocalRank(ids, new Set([Number(rows[i]!.chunkId)]))));
  });
  const scores = await Promise.all(scored);
  return WEIGHTS[scores.indexOf(Math.max(...scores))]!;
}

/** A ranking model behind each search, trained on the same questions, against the search alone. */
async function behind(rows: readonly ExampleRow[], searches: readonly Ranker[], tuned: readonly (Tuned | undefined)[]) {
  for (const [i, name] of ['base', 'tuned'].entries()) {
    const made = await tune('reranker', rows, { steps: Number(flags.rerank) }, seed, tuned[i]);
    tell(made);
    const reranker = await tunedReranker(made);
    await report(`hybrid, ${name} search, without and with a ranking model`, [
      (questions) => searches[i]!.rank(questions, 'hybrid'),
      (questions) => searches[i]!.reranked(questions, 'hybrid', reranker),
    ]);
    await reranker.dispose();
  }
}

function tell({ steps, best, validations }: Tuned): void {
  const scores = validations.map(({ step, score }) => `${step}: ${score.toFixed(3)}`).join(', ');
  console.log(`best of ${steps} steps: ${best}; validations ${scores}`);
}

/** People's questions asked of two systems. */
async function report(name: string, systems: readonly ((questions: string[]) => Promise<number[][]>)[]): Promise<void> {
  const questions = set.test.map(({ text }) => text);
  const scores: number[][][] = [];
  for (const rank of systems) {
    const ranked = await rank(questions);
    scores.push(Object.values(METRICS).map((metric) => ranked.map((ids, i) => metric(ids, set.test[i]!.relevant))));
  }
  const [before, after] = scores as [number[][], number[][]];
  console.log(`\n${set.name}, ${name}: ${questions.length} questions by people, mean [95 % interval]\n`);
  table(
    ['', ...Object.keys(METRICS)],
    [
      ['before', ...before.map(interval)],
      ['after', ...after.map(interval)],
      ['gain, paired', ...after.map((values, m) => signedInterval(pairedDifference(values, before[m]!)))],
    ],
  );
}
