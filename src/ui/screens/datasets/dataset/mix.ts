import { inUse } from '../../../../datasets/in-use.ts';
import type { ExampleRow } from '../../../../storage/schema.ts';
import { kindLabel, originLabel } from '../kinds.ts';
import { tally } from '../review/review-filter.ts';

/** What a data set is made of: shares by label, the largest first. */
export interface Mix {
  label: string;
  count: number;
}

/** Of the rows in use. */
export function mixesOf(rows: readonly ExampleRow[]): { kinds: Mix[]; origins: Mix[]; documents: number } {
  const used = rows.filter(inUse);
  return {
    kinds: tally(used, ({ kind }) => kind).map(({ key, count }) => ({ label: kindLabel(key), count })),
    origins: tally(used, ({ provenance }) => provenance?.origin ?? 'imported').map(({ key, count }) => ({
      label: originLabel(key),
      count,
    })),
    documents: new Set(used.map(({ documentKey }) => documentKey)).size,
  };
}
