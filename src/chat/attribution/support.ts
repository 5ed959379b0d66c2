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
export const SUPPORT_WEIGHTS = { overlap: 17.8, similarity: 7.7, bias: -13 };

// Words of a claim may come from sentences next to each other, but not from all over a long passage.
const WINDOW_SENTENCES = 3;
const WINDOWS_COMPARED = 2;

interface Window {
  text: string;
  words: ReadonlySet<string>;
}

/** What speaks for a passage holding up a claim. */
export interface Evidence {
  /** Share of the claim's words in a window of the passage, 0 to 1. */
  overlap: number;
  /** Cosine similarity of claim and window. */
  similarity: number;
  /** Whether the passage has every number of the claim. */
  numbersHold: boolean;
}

/**
 * How well each passage holds up each claim, 0 to 1, row-major [claims, passages].
 *
 * A passage that lacks a number of the claim scores 0: "within 30 days" is not supported by "within 14 days", however
 * similar the rest is.
 */
export async function supportMatrix(
  claims: string[],
  passages: string[],
  similarities: Similarities,
): Promise<Float32Array> {
  const evidence = await evidenceMatrix(claims, passages, similarities);
  return Float32Array.from(evidence, (windows) =>
    Math.max(0, ...windows.map((window) => (window.numbersHold ? supportOf(window) : 0))),
  );
}

/**
 * The evidence of the best windows of each passage for each claim, row-major [claims, passages]. Only the windows with
 * the most common words are embedded, which bounds the cost for long passages.
 */
export async function evidenceMatrix(
  claims: string[],
  passages: string[],
  similarities: Similarities,
): Promise<Evidence[][]> {
  if (claims.length === 0 || passages.length === 0) return [];
  const windows = passages.map(windowsOf);
  const numbers = passages.map((passage) => new Set(numbersIn(passage)));
  const best = claims.map((claim) => windows.map((list) => bestWindows(contentWords(claim), list)));
  const texts = [...new Set(best.flat(2).map(({ window }) => window.text))];
  const column = new Map(texts.map((text, index) => [text, index]));
  const cosine = await similarities(claims, texts);
  return best.flatMap((row, claim) =>
    row.map((candidates, passage) => {
      const numbersHold = numbersIn(claims[claim]!).every((number) => numbers[passage]!.has(number));
      return candidates.map(({ window, overlap }) => {
        const similarity = cosine[claim * texts.length + column.get(window.text)!]!;
        return { overlap, similarity, numbersHold };
      });
    }),
  );
}

/** Probability-like support from the share of common words and the cosine similarity. */
export function supportOf({ overlap, similarity }: Pick<Evidence, 'overlap' | 'similarity'>): number {
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
