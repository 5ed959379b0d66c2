import { ngramCounts, overlap, total, words } from './ngrams.ts';

/**
 * ROUGE (Lin 2004) as Google's `rouge-score` counts it, without stemming: F-measures of words in lower case. That
 * package drops all but ASCII letters and digits; here words of any script count, which is the same on English text.
 * Two texts without words share nothing: 0.
 */

/** F-measure of runs of `n` words in common, against the nearest reference. */
export function rougeN(answer: string, references: readonly string[], n: number): number {
  const own = ngramCounts(words(answer), n);
  return best(references, (reference) => {
    const right = ngramCounts(words(reference), n);
    return fMeasure(overlap(own, right), total(own), total(right));
  });
}

/** F-measure of the longest common subsequence of words (ROUGE-L over the whole text), against the nearest reference. */
export function rougeL(answer: string, references: readonly string[]): number {
  const own = words(answer);
  return best(references, (reference) => {
    const right = words(reference);
    return fMeasure(longestCommonSubsequence(own, right), own.length, right.length);
  });
}

/** Length of the longest common subsequence, in O(a · b) time and O(b) memory. */
function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let previous = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (const token of a) {
    for (let j = 0; j < b.length; j++) {
      row[j + 1] = token === b[j] ? previous[j]! + 1 : Math.max(previous[j + 1]!, row[j]!);
    }
    [previous, row] = [row, previous];
  }
  return previous[b.length]!;
}

function best(references: readonly string[], score: (reference: string) => number): number {
  return references.reduce((highest, reference) => Math.max(highest, score(reference)), 0);
}

function fMeasure(common: number, own: number, right: number): number {
  return common === 0 ? 0 : (2 * common) / (own + right);
}
