import { plainWords, wordsOf } from '../../words.ts';
import { failed, passed, type CheckedRow, type Finding, type Judge } from '../rule.ts';

const PAIRS = [
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['“', '”'],
] as const;

/** Questions that are none. */
export const wellFormed: Judge<'wellFormed'> = (rows, { knobs }) =>
  rows.map((row): Finding => {
    const fault = faultOf(row, knobs.questionMark);
    return fault ? failed(fault) : passed('It reads as one question.');
  });

function faultOf({ question, answer }: CheckedRow, questionMark: boolean): string | undefined {
  const text = question.trim();
  const words = wordsOf(text);
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters === 0) return 'It has no words.';
  if (questionMark && !/[?？؟;]$/u.test(text)) return 'It does not end with a question mark.';
  if (letters < 0.5 * text.replaceAll(/\s/g, '').length) return 'Less than half of it are letters.';
  if (/(.)\1{4,}/u.test(text)) return 'A letter is repeated many times.';
  const echo = words.find((word, i) => word === words[i + 1] && /\p{L}/u.test(word) && !REPEATABLE.has(word));
  if (echo) return `The word “${echo}” stands twice in a row.`;
  if (words.length >= 8 && new Set(words).size < 0.5 * words.length) return 'Most of its words are repetitions.';
  if (PAIRS.some(([open, close]) => text.split(open).length !== text.split(close).length))
    return 'A bracket or a quotation mark is not closed.';
  if (/[,;:–-]$/.test(text)) return 'It breaks off.';
  const given = plainWords(answer);
  // Of alternatives the answer is one, and a date or a name alone may well be part of the question.
  if (wordsOf(answer).length >= 3 && !words.includes('or') && plainWords(question).includes(given))
    return 'It holds its own answer.';
  return undefined;
}

/** "What that that means", "had had": rare, and right. */
const REPEATABLE = new Set(['that', 'had', 'is', 'die', 'der', 'das', 'nous', 'vous']);
