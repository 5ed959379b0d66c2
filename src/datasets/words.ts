/** Words in lower case: what is left when formatting, punctuation and line breaks are taken away. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The words with one space between and around them, so that `includes` finds whole words only. */
export function plainWords(text: string): string {
  return ` ${wordsOf(text).join(' ')} `;
}

/** Jaccard similarity of two sets of words. */
export function wordsInCommon(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let common = 0;
  for (const word of small) if (large.has(word)) common++;
  const union = a.size + b.size - common;
  return union === 0 ? 0 : common / union;
}
