import { contentWords, coverage, numbersIn } from '../text/words.ts';
import { cite, sourcesOf, type Attribution, type Source } from './attribute.ts';
import { citedNumbers, plainText } from './claims.ts';
import { evidenceMatrix, supportOf, type Similarities } from './support.ts';

// An answer may put an article or a preposition of its own around the passage's words.
const OWN_WORDS = 0.5;

/**
 * Finds the source of an answer that is no sentence of its own ("thirty days"): question and answer together make the
 * claim, which is how the thresholds were calibrated (ADR 52). A passage supports it only if it also has most words of
 * the answer, and all of its numbers: the question's words alone stand in every passage of the right document.
 *
 * @param minimumSupport 0 to 1, see `CHAT_KNOBS.minimumSupport`.
 * @returns the answer with the citations that hold, as a single claim
 */
export async function attributeShortAnswer(
  question: string,
  answer: string,
  sources: readonly Source[],
  similarities: Similarities,
  minimumSupport: number,
): Promise<Attribution> {
  const plain = plainText(answer);
  if (plain === '') return { text: '', support: [] };
  const evidence = await evidenceMatrix(
    [`${question} ${plain}`],
    sources.map(({ text }) => text),
    similarities,
  );
  const scores = sources.map(({ number, text }, i) => ({
    number,
    score: has(text, plain) ? Math.max(0, ...evidence[i]!.map(supportOf)) : 0,
  }));
  const { passages, basis } = sourcesOf({ cited: citedNumbers(answer) }, scores, minimumSupport);
  const text = cite(plain, passages);
  return { text, support: [{ start: 0, end: text.length, passages, basis }] };
}

function has(passage: string, answer: string): boolean {
  const inPassage = new Set(contentWords(passage));
  const words = contentWords(answer);
  if (words.length === 0) return passage.toLowerCase().includes(answer.toLowerCase().replace(/[.!?]+$/, ''));
  return coverage(words, inPassage) >= OWN_WORDS && numbersIn(answer).every((number) => inPassage.has(number));
}
