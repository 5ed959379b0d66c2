/**
 * Whether the share of meaning that a run chooses with its adapter is worth having: the search model is tuned on people's
 * questions of attackqa-like by the product's own task, which chooses the share on its validation part, and the test
 * part (other subjects) is searched by meaning and words with the usual share and with the chosen one.
 *
 * Run: npx tsx scripts/quality/share-of-meaning.ts [--train 3000] [--validation 300] [knob=value …]
 */
import { parseArgs } from 'node:util';
import { pairedDifference } from '../../src/evaluation/metrics/bootstrap.ts';
import { attackTrainRows } from '../bench/retrieval/sets.ts';
import { RANK_METRICS } from '../bench/train/rank.ts';
import { rankScores } from '../bench/train/ranking-report.ts';
import { interval, signedInterval, table } from '../training/report.ts';
import { corpus } from './synthetic/corpora.ts';
import { knobsFrom } from './synthetic/knobs.ts';
import { Ranker, type Mode } from './synthetic/ranker.ts';
import { baseEmbedder, tune, tunedEmbedder } from './synthetic/tune.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { train: { type: 'string', default: '3000' }, validation: { type: 'string', default: '300' } },
});
const set = await corpus('attackqa-like');
const base = await baseEmbedder();
const rows = attackTrainRows(Number(flags.train), Number(flags.validation));
const settings = { epochs: 1, hardNegatives: 0, validationLimit: 200, validationPool: 1000, validateEvery: 31 };
const tuned = await tune('embedder', rows, { ...settings, ...knobsFrom(positionals) }, 1);
const { denseWeight } = tuned.adapter;
const searches = { untuned: await Ranker.of(set, base), tuned: await Ranker.of(set, tunedEmbedder(base, tuned)) };
const questions = set.test.map(({ text }) => text);

const scored = async (ranker: Ranker, mode: Mode, share?: number) => {
  const ranked = await ranker.rank(questions, mode, undefined, share === undefined ? {} : { denseWeight: share });
  return rankScores(set.test, ranked);
};
const usual = await scored(searches.tuned, 'hybrid');
const chosen = await scored(searches.tuned, 'hybrid', denseWeight);
console.log(
  `\n${set.name}: ${questions.length} questions, best of ${tuned.steps} steps: ${tuned.best}; mean [95 % interval]\n`,
);
table(
  ['search', ...Object.keys(RANK_METRICS)],
  [
    ['untuned, meaning and words', ...(await scored(searches.untuned, 'hybrid')).map(interval)],
    ['tuned, meaning alone', ...(await scored(searches.tuned, 'dense')).map(interval)],
    ['tuned, usual share', ...usual.map(interval)],
    [`tuned, chosen share ${denseWeight}`, ...chosen.map(interval)],
    ['chosen against usual, paired', ...chosen.map((values, m) => signedInterval(pairedDifference(values, usual[m]!)))],
  ],
);
await base.dispose();
