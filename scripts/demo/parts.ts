import { dealGroups } from '../../src/datasets/split.ts';
import type { DatasetSplit } from '../../src/storage/schema.ts';
import type { DemoQuestion } from './inputs.ts';

/** Of what is not test: settings and steps are chosen on it. */
const VALIDATION_SHARE = 0.1;
/** One for each part. */
const FEWEST_GROUPS = 3;

/**
 * Questions with the part that each belongs to, dealt as the app deals them. Whole subjects (folders) go to one part, or
 * whole documents where there are no folders, so that no training sees what the test asks about.
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
  const bySubject = new Set(questions.map(({ document }) => subjectOf(document)));
  const groupOf = bySubject.size >= FEWEST_GROUPS ? subjectOf : (document: string) => document;
  const groups = new Map<string, Map<string, number>>();
  for (const { document } of questions) {
    const key = groupOf(document);
    groups.set(key, new Map([['', (groups.get(key)?.get('') ?? 0) + 1]]));
  }
  if (groups.size < FEWEST_GROUPS)
    throw new Error('The questions are on fewer than three documents: they cannot be split by document.');
  const parts = dealGroups(groups, { seed, validationShare: VALIDATION_SHARE * (1 - testShare), testShare });
  return questions.map((question) => ({ ...question, split: parts.get(groupOf(question.document))! }));
}

/** The folder; a document at the top is one of its own. */
function subjectOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : path;
}
