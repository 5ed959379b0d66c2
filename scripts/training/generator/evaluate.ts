/**
 * Answers the test questions of prepare.ts (265, from articles that nothing was trained on) with the base model and
 * with adapters, and prints F1, exact match and right citations, each with a 95 % interval; pairs are compared question
 * by question. Answers are kept in `.cache/generator/answers/`, so that only what is new is computed.
 *
 * Run: npx tsx scripts/training/generator/evaluate.ts [--first N] [--no-base] [PEFT folder …]
 *      npx tsx scripts/training/generator/evaluate.ts .cache/generator/reference .cache/generator/attune
 * The first folder is what the others are held against.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { exactMatch, tokenF1 } from '../../../src/evaluation/metrics/answers.ts';
import { citedNumbers } from '../../../src/evaluation/metrics/citations.ts';
import { pairedDifference } from '../../../src/evaluation/metrics/bootstrap.ts';
import { readLlamaAdapter } from './adapter-folder.ts';
import { Answerer } from './answerer.ts';
import { cachedAnswers } from './cached-answers.ts';
import type { PreparedExample } from './prepare.ts';
import { interval, signedInterval, table } from '../report.ts';

const TEST = '.cache/generator/test.json';
if (!existsSync(TEST)) throw new Error(`${TEST} is missing: run scripts/training/generator/prepare.ts first.`);
const { values: flags, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: { first: { type: 'string' }, 'no-base': { type: 'boolean', default: false } },
});
const test = (JSON.parse(readFileSync(TEST, 'utf8')) as PreparedExample[]).slice(0, Number(flags.first ?? Infinity));

const METRICS = {
  F1: (answer: string, { answers }: PreparedExample) => tokenF1(answer, answers),
  'exact match': (answer: string, { answers }: PreparedExample) => exactMatch(answer, answers),
  'right citation': (answer: string, { passage }: PreparedExample) => Number(citedNumbers(answer)[0] === passage),
};

const answerer = await Answerer.load();
const systems = flags['no-base'] ? [] : [{ name: 'base', scores: await scoresOf('base', null) }];
for (const folder of folders) {
  const adapter = await readLlamaAdapter(folder, answerer.llama.config);
  systems.push({ name: basename(folder), scores: await scoresOf(basename(folder), adapter) });
}
await answerer.dispose();

console.log(`\n${test.length} questions; mean [95 % interval]\n`);
table(
  ['system', ...Object.keys(METRICS)],
  systems.map(({ name, scores }) => [name, ...scores.map(interval)]),
);
const [reference, ...others] = systems.slice(-folders.length);
if (reference && others.length > 0) {
  console.log(`\ndifference from ${reference.name}, question by question\n`);
  const rows = others.map(({ name, scores }) => [
    name,
    ...scores.map((values, metric) => signedInterval(pairedDifference(values, reference.scores[metric]!))),
  ]);
  table(['system', ...Object.keys(METRICS)], rows);
}

/** For each metric, the score of every question. */
async function scoresOf(name: string, adapter: Awaited<ReturnType<typeof readLlamaAdapter>> | null) {
  const prompts = test.map(({ prompt }) => prompt);
  const answers = await cachedAnswers(answerer, prompts, adapter, name);
  return Object.values(METRICS).map((metric) => answers.map((answer, i) => metric(answer, test[i]!)));
}
