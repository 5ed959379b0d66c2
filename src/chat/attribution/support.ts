import { splitSentences } from '../text/sentences.ts';
import { contentWords, coverage, numbersIn } from '../text/words.ts';
import { plainText } from './claims.ts';

/** Cosine similarity of every sentence to every passage, row-major [sentences, passages]. */
export type Similarities = (sentences: string[], passages: string[]) => Promise<Float32Array>;

/**
 * How strongly overlap and similarity speak for support: a logistic regression on claims made of question and answer
 * against their own paragraph and against other paragraphs of the same article. `scripts/calibrate/support.ts` makes
 * the figures; docs/adr/0052 has the result.
 */
export const SUPPORT_WEIGHTS = { overlap: 6, similarity: 6, bias: -6 };

// Words of a claim may come from sentences next to each other, but not from all over a long passage.
const WINDOW_SENTENCES = 3;
const WINDOWS_COMPARED = 2;

interface Window {
  text: string;
  words: ReadonlySet<string>;
}

/**
 * How well each passage holds up each claim, 0 to 1, row-major [claims, passages].
 *
 * Both words and meaning are compared with windows of a few sentences; only the windows with the most common words are
 * embedded, which bounds the cost for long passages. A passage that lacks a number of the claim scores 0: "within 30
 * days" is not supported by "within 14 days", however similar the rest is.
 */
export async function supportMatrix(
  claims: string[],
  passages: string[],
  similarities: Similarities,
): Promise<Float32Array> {
  const support = new Float32Array(claims.length * passages.length);
  const windows = passages.map(windowsOf);
  const numbers = passages.map((passage) => new Set(numbersIn(passage)));
  const best = claims.map((claim) => {
    const words = contentWords(claim);
    return windows.map((list) => bestWindows(words, list));
  });
  const texts = [...new Set(best.flat(2).map(({ window }) => window.text))];
  const cosine = texts.length > 0 && claims.length > 0 ? await similarities(claims, texts) : new Float32Array(0);
  const column = new Map(texts.map((text, index) => [text, index]));
  claims.forEach((claim, row) => {
    passages.forEach((_, at) => {
      if (!numbersIn(claim).every((number) => numbers[at]!.has(number))) return;
      const candidates = best[row]![at]!.map(({ window, overlap }) =>
        supportOf(overlap, cosine[row * texts.length + column.get(window.text)!]!),
      );
      support[row * passages.length + at] = Math.max(0, ...candidates);
    });
  });
  return support;
}

/** Probability-like support from the share of common words and the cosine similarity. */
export function supportOf(overlap: number, similarity: number): number {
  const { overlap: a, similarity: b, bias } = SUPPORT_WEIGHTS;
  return 1 / (1 + Math.exp(-(a * overlap + b * similarity + bias)));
}

function windowsOf(passage: string): Window[] {
  const sentences = splitSentences(passage).map(({ start, end }) => plainText(passage.slice(start, end)));
  const count = Math.max(1, sentences.length - WINDOW_SENTENCES + 1);
  return Array.from({ length: count }, (_, index) => {
    const text = sentences.slice(index, index + WINDOW_SENTENCES).join(' ');
    return { text, words: new Set(contentWords(text)) };
  });
}

function bestWindows(words: string[], windows: Window[]): { window: Window; overlap: number }[] {
  return windows
    .map((window) => ({ window, overlap: coverage(words, window.words) }))
    .sort((a, b) => b.overlap - a.overlap)
    .slice(0, WINDOWS_COMPARED);
}
