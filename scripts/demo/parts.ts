import { seededRandom, shuffled } from '../../src/engine/training/random.ts';
import type { DatasetSplit } from '../../src/storage/schema.ts';
import type { DemoQuestion } from './inputs.ts';

/** Of what is not test: settings and steps are chosen on it. */
const VALIDATION_SHARE = 0.1;

/**
 * Questions with the part that each belongs to. Whole subjects (folders) go to one part, or whole documents where there
 * are no folders, so that no training sees what the test asks about.
 *
 * @param testShare of the questions; 1: all of them are asked, none is learned from
 * @throws Error when there are fewer than three subjects to deal out
 */
export function withParts(
  questions: readonly DemoQuestion[],
  seed: number,
  testShare: number,
): (DemoQuestion & { split: DatasetSplit })[] {
  if (testShare >= 1) return questions.map((question) => ({ ...question, split: 'test' }));
  const bySubject = groupBy(questions, ({ document }) => subjectOf(document));
  const groups = bySubject.size >= 3 ? bySubject : groupBy(questions, ({ document }) => document);
  if (groups.size < 3)
    throw new Error('The questions are on fewer than three documents: they cannot be split by document.');
  const drawn = shuffled([...groups.keys()].sort(), seededRandom(seed, 0, 0x73706c74));
  const wanted = {
    test: testShare * questions.length,
    validation: VALIDATION_SHARE * (1 - testShare) * questions.length,
  };
  const parts = new Map<string, DatasetSplit>();
  for (const part of ['test', 'validation'] as const) {
    let taken = 0;
    for (const key of drawn) {
      // One group has to be left for training, and one for validation.
      const left = drawn.length - parts.size;
      if (taken >= wanted[part] || left <= (part === 'test' ? 2 : 1)) break;
      if (parts.has(key)) continue;
      parts.set(key, part);
      taken += groups.get(key)!.length;
    }
  }
  const keyOf = (document: string) => (groups === bySubject ? subjectOf(document) : document);
  return questions.map((question) => ({ ...question, split: parts.get(keyOf(question.document)) ?? 'train' }));
}

/** The folder; a document at the top is one of its own. */
function subjectOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : path;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
