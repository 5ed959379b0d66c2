import { detectLanguage, likelyLanguages } from '../../../ingest/language.ts';
import { failed, passed, unknown, type Finding, type Judge } from '../rule.ts';

/** Questions and answers in another language than wanted. Short ones are ambiguous, so they get the benefit of the doubt. */
export const language: Judge<'language'> = async (rows, { knobs, progress }) => {
  const wanted = knobs.language.trim().toLowerCase();
  const ofPassage = new Map<string, string | undefined>();
  const findings: Finding[] = [];
  for (const { question, answer, passage } of rows) {
    progress(findings.length);
    let expected = wanted || ofPassage.get(passage);
    if (!expected && !ofPassage.has(passage)) {
      expected = await detectLanguage(passage);
      ofPassage.set(passage, expected);
    }
    findings.push(
      expected ? await compare(`${question} ${answer}`, expected) : unknown('Its passage is too short to tell.'),
    );
  }
  return findings;
};

async function compare(text: string, expected: string): Promise<Finding> {
  const likely = await likelyLanguages(text);
  if (likely.length === 0) return unknown('It is too short to tell its language.');
  if (likely.includes(expected)) return passed(`It is in ${expected}.`);
  return failed(`It looks like ${likely[0]}, not ${expected}.`);
}
