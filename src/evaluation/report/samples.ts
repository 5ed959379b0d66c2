import type { EvaluationScoreRow, ExampleRow } from '../../storage/schema.ts';
import { ANSWERED, FOUND } from '../advice/steps.ts';
import type { MatrixTable } from '../table/contract.ts';

/** A question with what two configurations made of it. */
export interface Sample {
  /** Why it is shown: "better", "worse", "both wrong". */
  why: 'better' | 'worse' | 'both wrong';
  question: string;
  reference: string;
  answers: SampleAnswer[];
}

export interface SampleAnswer {
  label: string;
  /** Absent: only the ranking was measured. */
  answer?: string;
  score: number;
  /** Place of the first right passage. */
  rank?: number;
  /** The passage found first. */
  passage?: string;
  reason?: string;
}

const BETTER = 3;
const WORSE = 2;
const BOTH_WRONG = 1;
/** Score below which an answer counts as wrong here. */
const LOW = 0.2;

/** The metric by which questions are compared: of the answers where there are any. */
export function sampleMetric({ metrics }: MatrixTable): string | undefined {
  return [...ANSWERED, ...FOUND].find((key) => metrics.includes(key));
}

/**
 * The questions that differ most between two configurations, in both directions, and one that both fail: chosen by rule,
 * so that nobody picks the pretty ones.
 */
export function chooseSamples(
  { metric, compared: [from, to] }: { metric: string; compared: readonly [string, string] },
  configurations: readonly { id: string; label: string }[],
  scores: readonly EvaluationScoreRow[],
  examples: ReadonlyMap<string, ExampleRow>,
): Sample[] {
  const rows = new Map(scores.map((row) => [`${row.configurationId} ${row.exampleId}`, row]));
  const pairs = [...examples.values()].flatMap((example) => {
    const [a, b] = [rows.get(`${from} ${example.id}`), rows.get(`${to} ${example.id}`)];
    const [x, y] = [a?.scores[metric], b?.scores[metric]];
    return x === undefined || y === undefined ? [] : [{ example, x, y }];
  });
  const sample = (why: Sample['why'], { example }: (typeof pairs)[number]): Sample => ({
    why,
    question: example.question,
    reference: example.answer,
    answers: configurations.flatMap(({ id, label }) => {
      const row = rows.get(`${id} ${example.id}`);
      return row ? [answerOf(row, label, metric)] : [];
    }),
  });
  const falling = pairs.toSorted((a, b) => b.y - b.x - (a.y - a.x));
  return [
    ...falling
      .filter(({ x, y }) => y > x)
      .slice(0, BETTER)
      .map((pair) => sample('better', pair)),
    ...falling
      .filter(({ x, y }) => y < x)
      .slice(-WORSE)
      .reverse()
      .map((pair) => sample('worse', pair)),
    ...pairs
      .filter(({ x, y }) => x < LOW && y < LOW)
      .slice(0, BOTH_WRONG)
      .map((pair) => sample('both wrong', pair)),
  ];
}

function answerOf(row: EvaluationScoreRow, label: string, metric: string): SampleAnswer {
  const passage = row.passages[0]?.text;
  return {
    label,
    score: row.scores[metric] ?? 0,
    ...(row.answer !== undefined && { answer: row.answer }),
    ...(row.rank !== undefined && { rank: row.rank }),
    ...(passage !== undefined && { passage }),
    ...(row.judgement?.reason && { reason: row.judgement.reason }),
  };
}
