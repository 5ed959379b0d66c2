import * as v from 'valibot';
import { askForJson, type JudgeEngine } from './ask.ts';
import type { JudgedPreference, JudgeQuestion } from './contract.ts';
import { JUDGE_PROMPT_VERSION, judgeMaterial, PREFERENCE_PROMPT } from './prompts.ts';

const Preference = v.object({
  reason: v.pipe(v.string(), v.trim(), v.minLength(1, 'a reason is needed')),
  better: v.picklist(['A', 'B', 'tie'], 'better must be "A", "B" or "tie"'),
});

/** What needs no judge: both answers are the same. */
export const ALIKE: JudgedPreference = {
  winner: 'tie',
  reason: 'Both say the same.',
  consistent: true,
  promptVersion: JUDGE_PROMPT_VERSION,
  tokens: { prompt: 0, output: 0 },
};

/**
 * Which of two answers the judge prefers. It is asked twice, with the answers swapped: models favour a place (Zheng et
 * al. 2023, "MT-Bench" §3.3). Two different choices are a tie; two invalid replies are unknown.
 *
 * @throws what the engine throws; the signal's reason when it is aborted
 */
export async function preferAnswer(
  engine: JudgeEngine,
  given: Omit<JudgeQuestion, 'answer'>,
  [first, second]: readonly [string, string],
  { signal }: { signal: AbortSignal },
): Promise<JudgedPreference> {
  const ask = (a: string, b: string) =>
    askForJson(engine, PREFERENCE_PROMPT, judgeMaterial(given, { 'Answer A': a, 'Answer B': b }), Preference, signal);
  const there = await ask(first, second);
  const back = await ask(second, first);
  const common = {
    promptVersion: JUDGE_PROMPT_VERSION,
    tokens: {
      prompt: there.tokens.prompt + back.tokens.prompt,
      output: there.tokens.output + back.tokens.output,
    },
  };
  if (!there.value || !back.value) {
    const problem = there.problem ?? back.problem ?? 'it said nothing';
    return { ...common, winner: 'unknown', reason: `The judge gave no valid choice: ${problem}.`, consistent: false };
  }
  const choices = [
    chosen(there.value.better, 'first', 'second'),
    chosen(back.value.better, 'second', 'first'),
  ] as const;
  if (choices[0] === choices[1]) return { ...common, winner: choices[0], reason: there.value.reason, consistent: true };
  const reason = `It chose differently when the answers were swapped: “${there.value.reason}” and “${back.value.reason}”`;
  return { ...common, winner: 'tie', reason, consistent: false };
}

function chosen(better: 'A' | 'B' | 'tie', a: 'first' | 'second', b: 'first' | 'second'): 'first' | 'second' | 'tie' {
  return better === 'tie' ? 'tie' : better === 'A' ? a : b;
}
