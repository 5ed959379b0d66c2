/** Words of a text in lower case: runs of letters, marks and digits of any script. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** How often each run of `n` tokens occurs. Tokens must not hold `separator`. */
export function ngramCounts(tokens: readonly string[], n: number, separator = ' '): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const ngram = tokens.slice(i, i + n).join(separator);
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** Size of the intersection of two bags. */
export function overlap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let common = 0;
  for (const [ngram, count] of a) common += Math.min(count, b.get(ngram) ?? 0);
  return common;
}

export function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/**
 * Share of the answer's distinct runs of `n` words that stand in one of the texts: how much of its wording is taken from
 * them. Of an answer shorter than `n` words the whole of it counts as the run; 0 for an empty one.
 */
export function ngramOverlap(answer: string, texts: readonly string[], n = 2): number {
  const tokens = words(answer);
  if (tokens.length === 0) return 0;
  const size = Math.min(n, tokens.length);
  const known = new Set(texts.flatMap((text) => [...ngramCounts(words(text), size).keys()]));
  const own = [...ngramCounts(tokens, size).keys()];
  return own.filter((ngram) => known.has(ngram)).length / own.length;
}
