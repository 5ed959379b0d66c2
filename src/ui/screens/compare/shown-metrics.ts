import { inCatalogueOrder } from '../../../evaluation/metrics/catalogue.ts';

/** Shown until somebody chooses others: one for what is found, one for its place, what the answers are worth. */
const FIRST = [
  'recall@1',
  'recall@5',
  'mrr',
  'correctness',
  'faithfulness',
  'tokenF1',
  'citationPrecision',
  'refusalAccuracy',
];
/** More columns than these do not fit beside each other on a laptop. */
const MOST = 6;

/** Metrics that a table begins with, of those that it has. */
export function firstMetrics(available: readonly string[]): string[] {
  const known = FIRST.filter((key) => available.includes(key)).slice(0, MOST);
  return known.length > 0 ? inCatalogueOrder(known) : [...available].slice(0, MOST);
}

/** The metrics chosen, as far as the table has them. */
export function shownMetrics(available: readonly string[], chosen: readonly string[] | undefined): string[] {
  const known = chosen?.filter((key) => available.includes(key)) ?? [];
  return known.length > 0 ? inCatalogueOrder(known) : firstMetrics(available);
}
