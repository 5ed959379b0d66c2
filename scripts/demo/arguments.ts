import { parseArgs } from 'node:util';

/** What can be tuned, in the order in which it is. */
export const PARTS = ['embedder', 'reranker', 'generator'] as const;
export type Part = (typeof PARTS)[number];

export interface DemoArguments {
  /** A folder of files, or a JSONL file of `{id, title?, text, subject?}`; absent: the sample documents. */
  docs?: string;
  /** JSONL of `{question, answer, doc_ids}`; absent: questions are written by the app, or the samples' are taken. */
  questions?: string;
  tune: Part[];
  /** Of tuning, shared between the parts. */
  minutes: number;
  seed: number;
  /** Of the documents with questions. */
  testShare: number;
  engine: 'wasm' | 'webgpu';
  /** Documents at most, drawn by the seed; those that no kept question is about go first. */
  maxDocuments?: number;
  /** Questions of the test part at most. */
  maxQuestions: number;
  /** Those of them at most that are answered too, by each combination. */
  maxAnswers: number;
  /** Files to write. */
  json?: string;
  report: string;
  /** Where to keep the workspace with its adapters. */
  save?: string;
  /** Shows the browser's window. */
  headed: boolean;
}

export const USAGE = `npm run demo -- [options]

  --docs PATH          folder of files, or JSONL of {id, title, text}; default: the sample documents
  --questions FILE     JSONL of {question, answer, doc_ids}; default: questions are written by the app
  --tune LIST          of embedder, reranker, generator; default: embedder,reranker
  --minutes N          of tuning, shared between the parts; default: 10
  --seed N             default: 1
  --test-share N       share of the documents whose questions are kept for the test; default: 0.2
  --max-documents N    a sample of the documents
  --max-questions N    of the test; default: 200
  --max-answers N      of these, answered too where the answer model is tuned; default: 40
  --engine wasm|webgpu default: wasm
  --json FILE          every number
  --report FILE        HTML report; default: attune-demo.html
  --save FILE          the workspace with its adapters, for npm run evaluate
  --headed             show the window`;

/** @throws Error that names the option and what it takes */
export function demoArguments(args: string[]): DemoArguments {
  const { values } = parseArgs({
    args,
    options: {
      docs: { type: 'string' },
      questions: { type: 'string' },
      tune: { type: 'string', default: 'embedder,reranker' },
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      'test-share': { type: 'string', default: '0.2' },
      'max-documents': { type: 'string' },
      'max-questions': { type: 'string', default: '200' },
      'max-answers': { type: 'string', default: '40' },
      engine: { type: 'string', default: 'wasm' },
      json: { type: 'string' },
      report: { type: 'string', default: 'attune-demo.html' },
      save: { type: 'string' },
      headed: { type: 'boolean', default: false },
    },
  });
  const { docs, questions, json, save, 'max-documents': maxDocuments } = values;
  if (questions !== undefined && docs === undefined)
    throw new Error('--questions needs the documents that they are on: --docs.');
  return {
    ...(docs !== undefined && { docs }),
    ...(questions !== undefined && { questions }),
    ...(json !== undefined && { json }),
    ...(save !== undefined && { save }),
    tune: parts(values.tune),
    minutes: number('--minutes', values.minutes, 0.1, 24 * 60),
    seed: number('--seed', values.seed, 0, 2 ** 31 - 1, true),
    testShare: number('--test-share', values['test-share'], 0.05, 0.9),
    ...(maxDocuments !== undefined && { maxDocuments: number('--max-documents', maxDocuments, 3, 1e6, true) }),
    maxQuestions: number('--max-questions', values['max-questions'], 1, 1e6, true),
    maxAnswers: number('--max-answers', values['max-answers'], 1, 1000, true),
    engine: oneOf('--engine', values.engine, ['wasm', 'webgpu']),
    report: values.report,
    headed: values.headed,
  };
}

function parts(text: string): Part[] {
  const named = text.split(',').map((part) => part.trim());
  const chosen = named.filter((part) => part !== '').map((part) => oneOf('--tune', part, PARTS));
  if (chosen.length === 0) throw new Error(`--tune takes a list of ${PARTS.join(', ')}.`);
  return PARTS.filter((part) => chosen.includes(part));
}

function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw new Error(`${option} takes ${choices.join(', ')}, not “${value}”.`);
  return choice;
}

function number(option: string, text: string, least: number, most: number, whole = false): number {
  const value = Number(text);
  const fits = text.trim() !== '' && Number.isFinite(value) && value >= least && value <= most;
  if (!fits || (whole && !Number.isInteger(value))) {
    throw new Error(`${option} takes a ${whole ? 'whole ' : ''}number from ${least} to ${most}, not “${text}”.`);
  }
  return value;
}

export interface EvaluateArguments {
  /** A workspace as the app exports it. */
  workspace?: string;
  /** Name of its data set; absent: the newest with a test part. */
  dataset?: string;
  docs?: string;
  questions?: string;
  /** PEFT adapters as .zip files, added to those of the workspace. The newest of each part is compared with the base. */
  adapters: string[];
  seed: number;
  maxQuestions: number;
  maxAnswers: number;
  /** Asks the answer models too, also where none is tuned. */
  answers: boolean;
  engine: 'wasm' | 'webgpu';
  json?: string;
  report: string;
  headed: boolean;
}

export const EVALUATE_USAGE = `npm run evaluate -- --workspace FILE.zip | --docs PATH --questions FILE [options]

  --workspace FILE     an exported workspace: its adapters on the test part of its data set
  --dataset NAME       of the workspace; default: the newest that has a test part
  --docs, --questions  as in npm run demo; every question is asked
  --adapter FILE       a PEFT adapter (.zip) to compare with its base; may be given several times
  --answers            ask the answer models too
  --max-questions N    default: 200
  --max-answers N      of these, answered too; default: 40
  --seed N             default: 1
  --engine wasm|webgpu default: wasm
  --json FILE          every number
  --report FILE        HTML report; default: attune-evaluation.html
  --headed             show the window`;

/** @throws Error that names the option and what it takes */
export function evaluateArguments(args: string[]): EvaluateArguments {
  const { values } = parseArgs({
    args,
    options: {
      workspace: { type: 'string' },
      dataset: { type: 'string' },
      docs: { type: 'string' },
      questions: { type: 'string' },
      adapter: { type: 'string', multiple: true, default: [] },
      answers: { type: 'boolean', default: false },
      'max-questions': { type: 'string', default: '200' },
      'max-answers': { type: 'string', default: '40' },
      seed: { type: 'string', default: '1' },
      engine: { type: 'string', default: 'wasm' },
      json: { type: 'string' },
      report: { type: 'string', default: 'attune-evaluation.html' },
      headed: { type: 'boolean', default: false },
    },
  });
  const { workspace, dataset, docs, questions, json } = values;
  const own = docs !== undefined && questions !== undefined;
  if ((workspace === undefined) === !own) {
    throw new Error('Give either --workspace FILE, or --docs and --questions.');
  }
  return {
    ...(workspace !== undefined ? { workspace } : { docs: docs!, questions: questions! }),
    ...(dataset !== undefined && { dataset }),
    ...(json !== undefined && { json }),
    adapters: values.adapter,
    seed: number('--seed', values.seed, 0, 2 ** 31 - 1, true),
    maxQuestions: number('--max-questions', values['max-questions'], 1, 1e6, true),
    maxAnswers: number('--max-answers', values['max-answers'], 1, 1000, true),
    answers: values.answers,
    engine: oneOf('--engine', values.engine, ['wasm', 'webgpu']),
    report: values.report,
    headed: values.headed,
  };
}
