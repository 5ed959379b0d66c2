import { AttuneError } from '../errors/attune-error.ts';
import { seededRandom, shuffled } from '../engine/training/random.ts';
import { inUse, isUnanswerable } from '../datasets/in-use.ts';
import { passageText } from '../retrieval/passage-text.ts';
import type { ExampleRow } from '../storage/schema.ts';
import type { TrainingRequest } from './contract.ts';
import { trainingSettings } from './settings.ts';

/** Rows that a run may see, by part. */
export interface TrainingExamples {
  train: ExampleRow[];
  validation: ExampleRow[];
}

/** A passage with what says whether it may stand as a wrong one. */
export interface PoolPassage {
  text: string;
  headings: readonly string[];
  documentKey: string;
}

/** What is learned from a row: to find its passages, or to answer from them. */
export type LearnedFrom = 'passage' | 'answer';

/**
 * Sorts rows in use by part, in the order of the data set. Who learns to find passages sees no unanswerable rows, whose
 * passage is not right, and a row of several passages as one for each; who learns to answer sees no rows of which no
 * answer is known.
 *
 * @throws AttuneError `training/test-part` when a row of the test part is among them: nothing is ever trained, mined or
 *   validated on those; `training/too-few` when training or validation would have nothing
 */
export function trainingExamples(rows: readonly ExampleRow[], learned: LearnedFrom): TrainingExamples {
  refuseTestPart(rows);
  const used = rows.filter(inUse).toSorted((a, b) => a.ordinal - b.ordinal);
  const ordered =
    learned === 'passage'
      ? used.filter((row) => !isUnanswerable(row)).flatMap(eachPassage)
      : used.filter((row) => row.answer !== '' || isUnanswerable(row));
  const train = ordered.filter(({ split }) => split === 'train');
  const validation = ordered.filter(({ split }) => split === 'validation');
  if (train.length < 2 || validation.length < 1) {
    throw new AttuneError(
      'training/too-few',
      `The data set has ${train.length} questions to train on and ${validation.length} to validate with.`,
      'Import a data set with questions on at least three documents; a hundred questions are a good start.',
    );
  }
  return { train, validation };
}

/** What says which rows of a data set are learned from. */
export type LearningRun = Pick<TrainingRequest, 'task' | 'settings' | 'seed'>;

/** The rows that a run learns from and is judged by. @throws AttuneError `training/test-part`, `training/too-few` */
export function learnedExamples({ task, settings, seed }: LearningRun, rows: readonly ExampleRow[]): TrainingExamples {
  const { train, validation } = trainingExamples(rows, task === 'generator' ? 'answer' : 'passage');
  const { examplesLimit, seed: ofSettings } = trainingSettings(task, settings);
  return { train: limitQuestions(train, examplesLimit, seed ?? ofSettings), validation };
}

/** @throws AttuneError `training/test-part` */
export function refuseTestPart(rows: readonly Pick<ExampleRow, 'split' | 'question'>[]): void {
  const leaked = rows.find(({ split }) => split === 'test');
  if (!leaked) return;
  throw new AttuneError(
    'training/test-part',
    `The question “${leaked.question}” belongs to the test part, which no training may see.`,
    'Train on the parts for training and validation; the test part is for the final score.',
  );
}

/** The passage as the search index embeds it. */
export function exampleText({ headings, passage }: Pick<ExampleRow, 'headings' | 'passage'>): string {
  return passageText({ headings, text: passage });
}

/** The passages that an example needs, its own first. */
export function rightPassages({ passage: text, headings, documentKey, morePassages }: ExampleRow): PoolPassage[] {
  return [{ text, headings, documentKey }, ...(morePassages ?? [])];
}

/** A row for each passage that the question needs, all right for it. */
function eachPassage(example: ExampleRow): ExampleRow[] {
  const { morePassages, ...row } = example;
  return [row, ...(morePassages ?? []).map(({ text, ...from }) => ({ ...row, ...from, passage: text }))];
}

/** What keeps examples out of each other's batch: the same passage, or the same question with another right one. */
export function batchKeys(examples: readonly ExampleRow[]): string[][] {
  return examples.map((example) => [`passage ${exampleText(example)}`, `question ${example.question}`]);
}

/** The distinct passages of examples, in their order. */
export function distinctPassages(examples: readonly ExampleRow[]): PoolPassage[] {
  const byText = new Map<string, PoolPassage>();
  for (const example of examples.flatMap(eachPassage)) {
    const { passage: text, headings, documentKey } = example;
    if (!byText.has(exampleText(example))) byText.set(exampleText(example), { text, headings, documentKey });
  }
  return [...byText.values()];
}

/**
 * The rows of at most `limit` questions, 0: of all. One seed gives the same ones, and with a higher limit these and more,
 * so that a curve over their number is one of more examples and not of others.
 */
export function limitQuestions(rows: readonly ExampleRow[], limit: number, seed: number): ExampleRow[] {
  const questions = [...new Set(rows.map(({ question }) => question))];
  const chosen = new Set(limit > 0 ? sample(questions, limit, seed) : questions);
  return rows.filter(({ question }) => chosen.has(question));
}

/** At most `limit` items, the same ones for one seed, in their own order. */
export function sample<T>(items: readonly T[], limit: number, seed: number): T[] {
  if (items.length <= limit) return [...items];
  const chosen = shuffled(
    items.map((_, i) => i),
    seededRandom(seed, 0, 0x73616d70),
  ).slice(0, limit);
  return chosen.sort((a, b) => a - b).map((i) => items[i]!);
}
