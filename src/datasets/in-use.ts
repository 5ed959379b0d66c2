import type { ExampleRow } from '../storage/schema.ts';

/**
 * Whether a row is trained on, mined, asked and exported: nobody rejected it, and no rule took it out, unless a person
 * accepted it all the same.
 */
export function inUse({ review, removedBy }: Pick<ExampleRow, 'review' | 'removedBy'>): boolean {
  if (review === 'rejected') return false;
  return review === 'accepted' || removedBy === undefined;
}
