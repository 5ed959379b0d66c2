import { ngramCounts, overlap } from './ngrams.ts';

const ORDERS = [1, 2, 3, 4];

/** What BLEU counts of a text; counts of several texts add up to those of a corpus. */
interface BleuCounts {
  length: number;
  /** Of the reference whose length is nearest. */
  referenceLength: number;
  /** By order 1-4: runs of words that a reference has too, and all. */
  matches: number[];
  totals: number[];
}

/**
 * BLEU (Papineni et al. 2002) of one answer, in [0, 1], as sacreBLEU's `sentence_bleu` counts it: tokenizer 13a, case
 * kept, exponential smoothing, only orders that the answer is long enough for.
 */
export function sentenceBleu(answer: string, references: readonly string[]): number {
  return score(counts(answer, references), true);
}

/**
 * BLEU of a whole set of answers, in [0, 1], as sacreBLEU's `corpus_bleu` counts it: counts are added up before they are
 * divided, so it is not the mean of the sentences' scores. 0 of nothing.
 */
export function corpusBleu(pairs: readonly { answer: string; references: readonly string[] }[]): number {
  const sum: BleuCounts = { length: 0, referenceLength: 0, matches: [0, 0, 0, 0], totals: [0, 0, 0, 0] };
  for (const { answer, references } of pairs) {
    const own = counts(answer, references);
    sum.length += own.length;
    sum.referenceLength += own.referenceLength;
    ORDERS.forEach((_, i) => {
      sum.matches[i]! += own.matches[i]!;
      sum.totals[i]! += own.totals[i]!;
    });
  }
  return score(sum, false);
}

function counts(answer: string, references: readonly string[]): BleuCounts {
  const own = tokenize13a(answer);
  const right = references.map(tokenize13a);
  const matches = ORDERS.map((n) => {
    const most = new Map<string, number>();
    for (const tokens of right) {
      for (const [ngram, count] of ngramCounts(tokens, n)) most.set(ngram, Math.max(count, most.get(ngram) ?? 0));
    }
    return overlap(ngramCounts(own, n), most);
  });
  return {
    length: own.length,
    referenceLength: nearest(
      own.length,
      right.map((tokens) => tokens.length),
    ),
    matches,
    totals: ORDERS.map((n) => Math.max(0, own.length - n + 1)),
  };
}

/** @param effectiveOrder leave out orders for which the text is too short */
function score({ length, referenceLength, matches, totals }: BleuCounts, effectiveOrder: boolean): number {
  if (matches.every((count) => count === 0)) return 0;
  const brevityPenalty = length < referenceLength ? Math.exp(1 - referenceLength / length) : 1;
  let smoothing = 1;
  let logarithms = 0;
  let orders = 0;
  for (const [i, total] of totals.entries()) {
    if (total === 0) {
      // A corpus without a single run of four words has no precision for it.
      if (!effectiveOrder) return 0;
      break;
    }
    if (matches[i] === 0) smoothing *= 2;
    logarithms += Math.log((matches[i] || 1 / smoothing) / total);
    orders++;
  }
  return brevityPenalty * Math.exp(logarithms / orders);
}

/** The nearest of the lengths, the shorter of two equally near ones; 0 of none. */
function nearest(length: number, lengths: readonly number[]): number {
  const sorted = lengths.toSorted((a, b) => Math.abs(a - length) - Math.abs(b - length) || a - b);
  return sorted[0] ?? 0;
}

/** mteval-v13a's tokenizer: punctuation apart from words, '.' and ',' within numbers kept. */
function tokenize13a(text: string): string[] {
  const line = text
    .trimEnd()
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  return ` ${line} `
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ')
    .split(/\s+/)
    .filter((token) => token !== '');
}
