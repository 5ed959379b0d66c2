import { splitSentences, type Span } from '../../chat/text/sentences.ts';

const WORD = /[\p{L}\p{N}]+/gu;

/** Where a quote stands in a text, whatever its case, punctuation and mark-up; undefined: nowhere. */
export function findQuote(text: string, quote: string): Span | undefined {
  const wanted = quote.toLowerCase().match(WORD) ?? [];
  if (wanted.length === 0) return undefined;
  const words = [...text.matchAll(WORD)];
  const lower = words.map(([word]) => word.toLowerCase());
  for (let first = 0; first + wanted.length <= lower.length; first++) {
    if (!wanted.every((word, i) => lower[first + i] === word)) continue;
    const last = words[first + wanted.length - 1]!;
    return { start: words[first]!.index, end: last.index + last[0].length };
  }
  return undefined;
}

/** The sentence that holds a stretch; the stretch itself where it goes over several. */
export function sentenceAround(text: string, span: Span): Span {
  return splitSentences(text).find(({ start, end }) => start <= span.start && end >= span.end) ?? span;
}
