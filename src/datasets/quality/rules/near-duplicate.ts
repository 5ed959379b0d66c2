import { plainWords, wordsOf } from '../../words.ts';
import { failed, passed, type CheckedRow, type Finding, type Judge } from '../rule.ts';
import { compared, questionSimilarity } from '../similar-questions.ts';

/**
 * Of questions that say nearly the same on the same passage, or have the same answer of some words, one is kept: an
 * accepted one or one of the test part before others, else the first. The same question on other passages is another
 * row of a retrieval set, and stays.
 */
export const nearDuplicate: Judge<'nearDuplicate'> = (rows, { knobs, isOut }) => {
  const asked = rows.map(({ question }) => compared(question));
  const keys = rows.map(keysOf);
  const kept = new Map<string, number[]>();
  const findings = rows.map(() => passed('No other question is like it.'));
  const precedence = rows
    .map((row, i) => ({ i, rank: rankOf(row, isOut(i)) }))
    .sort((a, b) => a.rank - b.rank || a.i - b.i);
  for (const { i } of precedence) {
    const others = [...new Set(keys[i]!.flatMap((key) => kept.get(key) ?? []))];
    const [best, similarity] = mostSimilar(others, (j) => questionSimilarity(asked[i]!, asked[j]!));
    if (best !== undefined && similarity >= knobs.similarity) {
      findings[i] = failed(`It says nearly the same as “${rows[best]!.question}”.`, 1 - similarity);
      continue;
    }
    // A row that is out of use keeps no other one out.
    if (isOut(i) || rows[i]!.review === 'rejected') continue;
    for (const key of keys[i]!) kept.set(key, [...(kept.get(key) ?? []), i]);
  }
  return findings satisfies Finding[];
};

function rankOf({ review, split }: CheckedRow, isOut: boolean): number {
  if (isOut || review === 'rejected') return 3;
  if (split === 'test') return 0;
  return review === 'accepted' ? 1 : 2;
}

function keysOf({ passage, answer }: CheckedRow): string[] {
  const long = wordsOf(answer).length >= 3;
  return [`passage ${plainWords(passage)}`, ...(long ? [`answer ${plainWords(answer)}`] : [])];
}

function mostSimilar(candidates: readonly number[], similarity: (j: number) => number): [number | undefined, number] {
  let best: number | undefined;
  let highest = 0;
  for (const j of candidates) {
    const value = similarity(j);
    if (value > highest) [best, highest] = [j, value];
  }
  return [best, highest];
}
