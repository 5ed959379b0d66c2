import { inlineRuns } from '../library/document/inline-markup.ts';

/** A stretch of an excerpt; `matched` ones are words that the search found. */
export interface ExcerptPart {
  text: string;
  matched: boolean;
}

export interface Excerpt {
  parts: ExcerptPart[];
  /** Text was left out before or after. */
  cutBefore: boolean;
  cutAfter: boolean;
}

/**
 * The part of a passage that shows best why it was found: the window with the most different matched words, begun at a
 * sentence. Without matched words (found by meaning alone) the beginning.
 *
 * @param length characters wanted; the excerpt may be a sentence longer or shorter.
 */
export function excerptOf(passage: string, matchedWords: readonly string[], length: number): Excerpt {
  const text = plainText(passage);
  const pattern = wordPattern(matchedWords);
  if (text.length <= length * 1.2) return { parts: mark(text, pattern), cutBefore: false, cutAfter: false };
  const start = bestStart(text, pattern, length);
  const end = Math.min(text.length, endNear(text, start + length));
  return { parts: mark(text.slice(start, end).trim(), pattern), cutBefore: start > 0, cutAfter: end < text.length };
}

/** Cuts a text at matched words. Whole words only, in any case. */
export function markWords(text: string, matchedWords: readonly string[]): ExcerptPart[] {
  return mark(text, wordPattern(matchedWords));
}

function mark(text: string, pattern: RegExp | null): ExcerptPart[] {
  if (!pattern) return text ? [{ text, matched: false }] : [];
  const parts: ExcerptPart[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) parts.push({ text: text.slice(at, match.index), matched: false });
    parts.push({ text: match[0], matched: true });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), matched: false });
  return parts;
}

function wordPattern(words: readonly string[]): RegExp | null {
  if (words.length === 0) return null;
  const longestFirst = [...new Set(words)].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}

function bestStart(text: string, pattern: RegExp | null, length: number): number {
  if (!pattern) return 0;
  const starts = [0, ...[...text.matchAll(/[.!?:]\s+|\s{2,}/g)].map((match) => match.index + match[0].length)];
  const matches = [...text.matchAll(pattern)].map((match) => ({ at: match.index, word: match[0].toLowerCase() }));
  let best = 0;
  let bestWords = 0;
  let firstMatch = -1;
  for (const start of starts) {
    const within = matches.filter(({ at }) => at >= start && at < start + length);
    const words = new Set(within.map(({ word }) => word)).size;
    // Of windows with the same matches the last one: it begins with the sentence of the first match.
    if (words > bestWords || (words === bestWords && within[0]?.at === firstMatch)) {
      best = start;
      bestWords = words;
      firstMatch = within[0]?.at ?? -1;
    }
  }
  return best;
}

/** The end of the sentence if one ends close by, else of the word. */
function endNear(text: string, end: number): number {
  const sentence = /[.!?](?=\s|$)/g;
  sentence.lastIndex = Math.max(0, end - 60);
  const match = sentence.exec(text);
  if (match && match.index < end + 60) return match.index + 1;
  const space = text.indexOf(' ', end);
  return space === -1 ? text.length : space;
}

/** Words of a passage without Markdown: one line, since an excerpt is prose. */
function plainText(passage: string): string {
  const visible = inlineRuns(passage, 0, passage.length)
    .map((run) => passage.slice(run.start, run.end))
    .join('');
  return visible
    .replace(/^\s{0,3}(?:#{1,6}|>|[-*+]|\d+[.)])\s+/gm, '')
    .replace(/^[\s|:-]+$/gm, '')
    .replace(/^\s*\||\|\s*$/gm, '')
    .replace(/\s*\|\s*/g, ' · ')
    .replace(/\s+/g, ' ')
    .trim();
}
