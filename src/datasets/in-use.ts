import type { ExampleRow } from '../storage/schema.ts';

/**
 * Whether a row is trained on, mined, asked and exported: nobody rejected it, and no rule took it out, unless a person
 * accepted it all the same.
 */
export function inUse({ review, removedBy }: Pick<ExampleRow, 'review' | 'removedBy'>): boolean {
  if (review === 'rejected') return false;
  return review === 'accepted' || removedBy === undefined;
}

/**
 * Whether the passage of a row looks right and lacks the answer. Rows from before kinds were kept say it by an empty
 * answer; in others that means that no answer is known, as in collections for search.
 */
export function isUnanswerable({
  kind,
  answer,
  provenance,
}: Pick<ExampleRow, 'kind' | 'answer' | 'provenance'>): boolean {
  if (kind !== undefined) return kind === 'unanswerable';
  return answer === '' && provenance === undefined;
}
