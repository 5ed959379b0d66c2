import { plainWords, wordsOf } from '../../words.ts';
import { failed, passed, unknown, type CheckedRow, type Finding, type Judge } from '../rule.ts';

/** An entailment model says "follows" from here on. */
const ENTAILED = 0.5;
/** How the reasons begin that a model gave. */
const MODEL_SAYS = 'A model says that the evidence';
/** Letters of a stem: "reimbursed" is in a text that says "reimbursement". */
const STEM = 6;

/** Answers that their evidence does not say: by span, then by words, then by a model where one is there. */
export const support: Judge<'support'> = async (rows, { knobs, entails, progress }) => {
  const findings: Finding[] = [];
  for (const row of rows) {
    progress(findings.length);
    findings.push(await judge(row));
  }
  return findings;

  async function judge(row: CheckedRow): Promise<Finding> {
    if (row.answer.trim() === '') {
      return row.kind === undefined || row.kind === 'unanswerable'
        ? passed('It has no answer that would need support.')
        : failed('It has no answer.');
    }
    const everything = [row.passage, ...(row.morePassages ?? []).map(({ text }) => text), ...row.headings].join('\n');
    const evidence = row.evidence ? row.passage.slice(row.evidence.start, row.evidence.end) : everything;
    const answer = plainWords(row.answer);
    if (plainWords(evidence).includes(answer)) return passed('The answer stands in the evidence, word for word.');
    if (plainWords(everything).includes(answer)) return passed('The answer stands in the passage, word for word.');
    const overlap = shareOfStems(row.answer, everything);
    const percent = `${Math.round(overlap * 100)} % of the answer's words stand in the passage`;
    if (overlap >= knobs.leastOverlap) return passed(`${percent}.`, overlap);
    const entailed = await entails?.({ question: row.question, answer: row.answer, evidence });
    if (entailed !== undefined) {
      const { score, reason } = entailed;
      return score >= ENTAILED
        ? passed(`${MODEL_SAYS} supports it: ${reason}`, score)
        : failed(`${MODEL_SAYS} does not support it: ${reason}`, score);
    }
    const before = entails ? undefined : earlier(row);
    if (before) return before;
    if (overlap < knobs.mostMissing && !isYesOrNo(row.answer)) return failed(`Only ${percent}.`, overlap);
    return unknown(`${percent}: no model is there that could tell whether it follows.`);
  }
};

/** Without a model, what an earlier one said still stands. */
function earlier({ quality }: CheckedRow): Finding | undefined {
  const found = quality?.findings.find(({ rule, reason }) => rule === 'support' && reason.startsWith(MODEL_SAYS));
  if (!found) return undefined;
  const { rule: _, ...finding } = found;
  return finding;
}

function shareOfStems(answer: string, text: string): number {
  const stems = new Set(wordsOf(text).map((word) => word.slice(0, STEM)));
  const wanted = wordsOf(answer).filter((word) => !SMALL_WORDS.has(word));
  if (wanted.length === 0) return 0;
  return wanted.filter((word) => stems.has(word.slice(0, STEM))).length / wanted.length;
}

function isYesOrNo(answer: string): boolean {
  return /^\s*(yes|no|true|false|ja|nein|oui|non|sí)\b/iu.test(answer);
}

/** Every text has these: they support nothing. */
const SMALL_WORDS = new Set(
  'a an and are as at be by for from in is it its of on or that the their they this to was were will with you your'.split(
    ' ',
  ),
);
