import { ngramCounts, overlap, total } from './ngrams.ts';

const ORDERS = [1, 2, 3, 4, 5, 6];
/** Recall counts twice as much as precision. */
const BETA_SQUARED = 4;

/**
 * chrF (Popović 2015) of one answer against the nearest reference, in [0, 1], as sacreBLEU counts it: runs of one to six
 * characters without white space, precision and recall averaged over the orders that both texts are long enough for.
 */
export function chrf(answer: string, references: readonly string[]): number {
  const own = characterRuns(answer);
  return references.reduce((best, reference) => Math.max(best, fScore(own, characterRuns(reference))), 0);
}

function characterRuns(text: string): Map<string, number>[] {
  const characters = [...text.replace(/\s+/gu, '')];
  return ORDERS.map((n) => ngramCounts(characters, n, ''));
}

function fScore(own: readonly Map<string, number>[], right: readonly Map<string, number>[]): number {
  let [precision, recall, orders] = [0, 0, 0];
  own.forEach((runs, i) => {
    const [written, wanted] = [total(runs), total(right[i]!)];
    if (written === 0 || wanted === 0) return;
    const common = overlap(runs, right[i]!);
    precision += common / written;
    recall += common / wanted;
    orders++;
  });
  if (precision + recall === 0) return 0;
  return ((1 + BETA_SQUARED) * precision * recall) / (BETA_SQUARED * precision + recall) / orders;
}
