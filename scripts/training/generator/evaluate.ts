/**
 * Answers the test questions of prepare.ts (265, from articles that nothing was trained on) with the base model and
 * with adapters, and prints F1, exact match and right citations, each with a 95 % interval; pairs are compared question
 * by question. Answers are kept in `.cache/generator/answers/`, so that only what is new is computed.
 *
 * Run: npx tsx scripts/training/generator/evaluate.ts [--first N] [--no-base] [PEFT folder …]
 *      npx tsx scripts/training/generator/evaluate.ts .cache/generator/reference .cache/generator/attune
 *      npx tsx scripts/training/generator/evaluate.ts --no-base --forms .cache/generator/{plain,reasons}
 * The first folder is what the others are held against. With `--forms` each adapter is asked in the form that it learned
 * (`<folder>-test.json`), and what counts is the answer behind its reason.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { ANSWER_RECIPE, splitReason } from '../../../src/chat/prompt/answer-recipe.ts';
import type { LlamaAdapter } from '../../../src/engine/models/llama/adapter.ts';
import { exactMatch, tokenF1 } from '../../../src/evaluation/metrics/answers.ts';
import { citedNumbers } from '../../../src/evaluation/metrics/citations.ts';
import { pairedDifference } from '../../../src/evaluation/metrics/bootstrap.ts';
import { REASONED_ANSWER_TOKENS } from '../../../src/chat/write-answer.ts';
import { readLlamaAdapter } from './adapter-folder.ts';
import { Answerer } from './answerer.ts';
import { cachedAnswers } from './cached-answers.ts';
import type { PreparedExample } from './prepare.ts';
import { interval, signedInterval, table } from '../report.ts';

const TEST = '.cache/generator/test.json';
if (!existsSync(TEST)) throw new Error(`${TEST} is missing: run scripts/training/generator/prepare.ts first.`);
const { values: flags, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    first: { type: 'string' },
    'no-base': { type: 'boolean', default: false },
    forms: { type: 'boolean', default: false },
  },
});
const questionsOf = (file: string) =>
  (JSON.parse(readFileSync(file, 'utf8')) as PreparedExample[]).slice(0, Number(flags.first ?? Infinity));
const test = questionsOf(TEST);

const METRICS = {
  F1: (answer: string, { answers }: PreparedExample) => tokenF1(answer, answers),
  'exact match': (answer: string, { answers }: PreparedExample) => exactMatch(answer, answers),
  'right citation': (answer: string, { passage }: PreparedExample) => Number(citedNumbers(answer)[0] === passage),
};

const answerer = await Answerer.load();
const systems = flags['no-base'] ? [] : [{ name: 'base', scores: await scoresOf('base', null, test) }];
for (const folder of folders) {
  const adapter = await readLlamaAdapter(folder, answerer.llama.config);
  systems.push({
    name: basename(folder),
    scores: await scoresOf(basename(folder), adapter, flags.forms ? questionsOf(`${folder}-test.json`) : test),
  });
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
async function scoresOf(name: string, adapter: LlamaAdapter | null, asked: PreparedExample[]) {
  const prompts = asked.map(({ prompt }) => prompt);
  const reasons = asked.some((example) => example.reasons);
  const written = await cachedAnswers(answerer, prompts, adapter, name, reasons ? REASONED_ANSWER_TOKENS : undefined);
  const recipe = { ...ANSWER_RECIPE, reasons };
  const answers = written.map((text) => splitReason(recipe, text).answer);
  return Object.values(METRICS).map((metric) => answers.map((answer, i) => metric(answer, asked[i]!)));
}
