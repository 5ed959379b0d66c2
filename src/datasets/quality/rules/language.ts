import { detectLanguage, likelyLanguages } from '../../../ingest/language.ts';
import { wordsOf } from '../../words.ts';
import { failed, passed, unknown, type CheckedRow, type Finding, type Judge } from '../rule.ts';

/** Letters of a passage that tell its language; more take longer and tell no more. */
const SAMPLE = 400;
/** A text with this share of its words in the passage is in the passage's language, whatever that is. */
const SAME_WORDS = 0.5;

/** Questions and answers in another language than wanted. Short ones are ambiguous, so they get the benefit of the doubt. */
export const language: Judge<'language'> = async (rows, { knobs, progress }) => {
  const wanted = knobs.language.trim().toLowerCase();
  const ofDocument = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [i, row] of rows.entries()) {
    progress(i);
    const text = `${row.question} ${row.answer}`;
    if (!wanted && sharesWords(text, row.passage)) {
      findings.push(passed("Its words are the passage's."));
      continue;
    }
    const expected = wanted || (await languageOf(row));
    findings.push(expected ? await compare(text, expected) : unknown('Its passage is too short to tell.'));
  }
  return findings;

  /** A document is in one language; to detect it takes longer than all other rules together. */
  async function languageOf({ documentKey, passage }: CheckedRow): Promise<string | undefined> {
    const known = ofDocument.get(documentKey);
    if (known) return known;
    const detected = await detectLanguage(passage.slice(0, SAMPLE));
    if (detected && documentKey !== '') ofDocument.set(documentKey, detected);
    return detected;
  }
};

function sharesWords(text: string, passage: string): boolean {
  const there = new Set(wordsOf(passage));
  const words = wordsOf(text);
  return words.filter((word) => there.has(word)).length >= SAME_WORDS * words.length;
}

async function compare(text: string, expected: string): Promise<Finding> {
  const likely = await likelyLanguages(text);
  if (likely.length === 0) return unknown('It is too short to tell its language.');
  if (likely.includes(expected)) return passed(`It is in ${expected}.`);
  return failed(`It looks like ${likely[0]}, not ${expected}.`);
}
