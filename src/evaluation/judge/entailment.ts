import type { JudgeEngine } from './ask.ts';
import { judgeAnswer } from './judge-answer.ts';

/**
 * Whether an answer follows from a passage, by a judge's faithfulness: the share of its statements that the passage
 * supports.
 *
 * @returns undefined where the judge gave no valid verdict, or the answer claims nothing
 * @throws what the engine throws; the signal's reason when it is aborted
 */
export async function isEntailed(
  engine: JudgeEngine,
  { question, answer, evidence }: { question: string; answer: string; evidence: string },
  signal: AbortSignal,
): Promise<{ score: number; reason: string } | undefined> {
  const given = { question, answer, passages: [evidence] };
  const { scores, reasons } = await judgeAnswer(engine, given, { signal, aspects: ['faithfulness'] });
  return scores.faithfulness === undefined
    ? undefined
    : { score: scores.faithfulness, reason: reasons.faithfulness ?? '' };
}
