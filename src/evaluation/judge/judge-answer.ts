import * as v from 'valibot';
import { askForJson, type JudgeEngine } from './ask.ts';
import type { JudgeAspect, JudgeQuestion, JudgeResult } from './contract.ts';
import { JUDGE_PROMPTS, JUDGE_PROMPT_VERSION, judgeMaterial } from './prompts.ts';

const reason = v.pipe(v.string(), v.trim(), v.minLength(1, 'a reason is needed'));
const statements = v.array(v.string());

/** A score in [0, 1] with its reason; no score where the aspect does not apply to this answer. */
interface Verdict {
  score: number | undefined;
  reason: string;
}

const ASPECTS: readonly JudgeAspect[] = ['correctness', 'faithfulness', 'answerRelevance', 'contextRelevance'];

/** By aspect: what must be given, what the judge reads, and how its reply becomes a score. */
const RULES: Record<
  JudgeAspect,
  {
    applies: (given: JudgeQuestion) => boolean;
    reads: readonly ('answer' | 'reference' | 'passages')[];
    schema: (given: JudgeQuestion) => v.GenericSchema<unknown, Verdict>;
  }
> = {
  correctness: {
    applies: ({ reference }) => reference !== undefined,
    reads: ['answer', 'reference'],
    schema: () =>
      v.pipe(
        v.object({ reason, present: statements, missing: statements, wrong: statements }),
        v.check(
          ({ present, missing, wrong }) => present.length + missing.length + wrong.length > 0,
          'at least one list must hold a statement',
        ),
        // F1 of statements (RAGAS' factual correctness).
        v.transform(({ reason, present, missing, wrong }) => ({
          score: present.length / (present.length + (missing.length + wrong.length) / 2),
          reason,
        })),
      ),
  },
  faithfulness: {
    applies: ({ passages = [] }) => passages.length > 0,
    reads: ['answer', 'passages'],
    schema: () =>
      v.pipe(
        v.object({ reason, statements: v.array(v.object({ statement: v.string(), supported: v.boolean() })) }),
        // An answer that claims nothing is neither faithful nor unfaithful.
        v.transform(({ reason, statements }) => ({
          score:
            statements.length === 0
              ? undefined
              : statements.filter(({ supported }) => supported).length / statements.length,
          reason,
        })),
      ),
  },
  answerRelevance: {
    applies: () => true,
    reads: ['answer'],
    schema: () =>
      v.pipe(
        v.object({ reason, grade: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4)) }),
        v.transform(({ reason, grade }) => ({ score: grade / 4, reason })),
      ),
  },
  contextRelevance: {
    applies: ({ passages = [] }) => passages.length > 0,
    reads: ['passages'],
    schema: ({ passages = [] }) =>
      v.pipe(
        v.object({
          reason,
          useful: v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(passages.length))),
        }),
        v.transform(({ reason, useful }) => ({ score: new Set(useful).size / passages.length, reason })),
      ),
  },
};

/**
 * Scores an answer with an engine as the judge, an aspect a call: small models lose track of several. An empty answer is
 * not sent: it is wrong and beside the question, and claims nothing.
 *
 * @param aspects absent: all that the given material allows
 * @throws what the engine throws; the signal's reason when it is aborted
 */
export async function judgeAnswer(
  engine: JudgeEngine,
  given: JudgeQuestion,
  { signal, aspects = ASPECTS }: { signal: AbortSignal; aspects?: readonly JudgeAspect[] },
): Promise<JudgeResult> {
  const result: JudgeResult = {
    scores: {},
    reasons: {},
    unknown: [],
    promptVersion: JUDGE_PROMPT_VERSION,
    tokens: { prompt: 0, output: 0 },
  };
  for (const aspect of aspects) {
    const { applies, reads, schema } = RULES[aspect];
    if (!applies(given)) continue;
    if (given.answer.trim() === '' && reads.includes('answer')) {
      if (aspect !== 'faithfulness') result.scores[aspect] = declining(given, aspect);
      result.reasons[aspect] = 'There is no answer.';
      continue;
    }
    const material = judgeMaterial(
      {
        question: given.question,
        ...(reads.includes('reference') && given.reference !== undefined && { reference: given.reference }),
        ...(reads.includes('passages') && given.passages && { passages: given.passages }),
      },
      reads.includes('answer') ? { Answer: given.answer } : {},
    );
    const { value, problem, tokens } = await askForJson(engine, JUDGE_PROMPTS[aspect], material, schema(given), signal);
    result.tokens.prompt += tokens.prompt;
    result.tokens.output += tokens.output;
    if (!value) {
      result.unknown.push(aspect);
      result.reasons[aspect] = `The judge gave no valid verdict: ${problem ?? 'it said nothing'}.`;
      continue;
    }
    if (value.score !== undefined) result.scores[aspect] = value.score;
    result.reasons[aspect] = value.reason;
  }
  return result;
}

/** Saying nothing is right where the documents hold no answer. */
function declining({ reference }: JudgeQuestion, aspect: JudgeAspect): number {
  return Number(aspect === 'correctness' && reference?.trim() === '');
}
