import { inUse } from '../../../../datasets/in-use.ts';
import type { DatasetSplit, ExampleRow, QuestionKind } from '../../../../storage/schema.ts';

/**
 * Where a row stands for the person who reviews. `open`: in use and looked at by nobody; `removed`: a rule took it out.
 */
export type Standing = 'open' | 'accepted' | 'rejected' | 'removed';

export interface ReviewFilter {
  standing: Standing | 'all';
  /** Rows that this rule took out. */
  rule: string;
  kind: QuestionKind | '';
  split: DatasetSplit | '';
  document: string;
  /** Found in question, answer or name of the document. */
  words: string;
}

export const everything: ReviewFilter = { standing: 'all', rule: '', kind: '', split: '', document: '', words: '' };

export function standingOf(row: ExampleRow): Standing {
  if (row.review) return row.review;
  return inUse(row) ? 'open' : 'removed';
}

/** Rows that pass every filter, in their order. */
export function filtered(rows: readonly ExampleRow[], filter: ReviewFilter): readonly ExampleRow[] {
  const words = filter.words.trim().toLowerCase();
  return rows.filter(
    (row) =>
      (filter.standing === 'all' || standingOf(row) === filter.standing) &&
      (filter.rule === '' || row.removedBy === filter.rule) &&
      (filter.kind === '' || row.kind === filter.kind) &&
      (filter.split === '' || row.split === filter.split) &&
      (filter.document === '' || row.documentKey === filter.document) &&
      (words === '' || `${row.question}\n${row.answer}\n${row.documentKey}`.toLowerCase().includes(words)),
  );
}

/** How many rows have each value of a field, the commonest first. */
export function tally<Key extends string>(
  rows: readonly ExampleRow[],
  keyOf: (row: ExampleRow) => Key | undefined,
): { key: Key; count: number }[] {
  const counts = new Map<Key, number>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => ({ key, count })).sort((a, b) => b.count - a.count);
}
