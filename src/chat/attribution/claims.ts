import { splitSentences, type Span } from '../text/sentences.ts';
import { contentWords } from '../text/words.ts';

/** A sentence of an answer that says something which can be true or false. */
export interface Claim extends Span {
  /** The sentence without citations and Markdown. */
  plain: string;
  /** Passage numbers that the model wrote into it. */
  cited: number[];
}

const CITATION = /\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g;
const BLOCK_MARKER = /^(?:\s*(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)\s+)+/;
// Talk about the passages or the answer itself; it needs no source.
const NO_CLAIM =
  /^(?:(?:i|we)(?:'m| am)? (?:sorry|can|can't|cannot|do not|don't|am not|could not|couldn't|hope)|sure|certainly|of course|(?:the|these|those|none of the|your) (?:provided |given |numbered )?(?:passages?|documents?|text|context) (?:do|does|did) ?n[o']t|there is no (?:information|mention|answer)|based on (?:the|these) (?:passages?|documents?)[,:]?$|(?:sources?|references?|citations?|answer)\s*:?$)/i;
const MINIMUM_WORDS = 2;

/**
 * Splits an answer into the sentences that need a source. Left out: questions, headings and lead-ins that end with a
 * colon, refusals, code and tables, and sentences of fewer than two content words ("Yes.").
 */
export function claimsOf(answer: string): Claim[] {
  const code = codeSpans(answer);
  return splitSentences(answer).flatMap(({ start, end }) => {
    const source = answer.slice(start, end);
    const plain = plainText(source);
    const inCode = code.some((block) => start < block.end && end > block.start);
    if (inCode || /^\s*(?:\||#{1,6}\s)/.test(source) || /[:?]$/.test(plain) || NO_CLAIM.test(plain)) return [];
    if (contentWords(plain).length < MINIMUM_WORDS) return [];
    return [{ start, end, plain, cited: citedNumbers(source) }];
  });
}

/** The numbers of all citations in a text, each once, in their order. */
export function citedNumbers(text: string): number[] {
  const numbers = [...text.matchAll(CITATION)].flatMap((match) => match[1]!.split(/[,;]/).map(Number));
  return [...new Set(numbers)];
}

/** A text without its citations. */
export function withoutCitations(text: string): string {
  return text.replace(CITATION, '');
}

/** A sentence as it would be spoken: no citations, list markers, emphasis or link addresses. */
export function plainText(markdown: string): string {
  return withoutCitations(markdown)
    .replace(BLOCK_MARKER, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|[*`~])/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function codeSpans(text: string): Span[] {
  return [...text.matchAll(/^```[\s\S]*?(?:^```|$(?![\s\S]))/gm)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}
