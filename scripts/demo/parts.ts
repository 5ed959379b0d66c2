import { dealGroups } from '../../src/datasets/split.ts';
import type { DatasetSplit } from '../../src/storage/schema.ts';
import type { DemoQuestion } from './inputs.ts';

/** Of what is not test: settings and steps are chosen on it. */
const VALIDATION_SHARE = 0.1;
/** One for each part. */
const FEWEST_GROUPS = 3;

/**
 * Questions with the part that each belongs to, dealt as the app deals them by the first document of each. Whole
 * subjects (folders) go to one part, or whole documents where there are no folders, so that no training sees what the
 * test asks about: what is learned from keeps no further documents of another part.
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
  const first = ({ documents }: DemoQuestion) => documents[0]!;
  const bySubject = new Set(questions.map((question) => subjectOf(first(question))));
  const groupOf = bySubject.size >= FEWEST_GROUPS ? subjectOf : (document: string) => document;
  const groups = new Map<string, Map<string, number>>();
  for (const question of questions) {
    const key = groupOf(first(question));
    groups.set(key, new Map([['', (groups.get(key)?.get('') ?? 0) + 1]]));
  }
  if (groups.size < FEWEST_GROUPS)
    throw new Error('The questions are on fewer than three documents: they cannot be split by document.');
  const parts = dealGroups(groups, { seed, validationShare: VALIDATION_SHARE * (1 - testShare), testShare });
  return questions.map((question) => {
    const split = parts.get(groupOf(first(question)))!;
    const isOwn = (document: string) => (parts.get(groupOf(document)) ?? split) === split;
    const documents = split === 'test' ? question.documents : question.documents.filter(isOwn);
    return { ...question, documents, split };
  });
}

/** The folder; a document at the top is one of its own. */
function subjectOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : path;
}
