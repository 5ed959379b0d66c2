import { judgedRight } from '../../../../evaluation/judge/verdict.ts';
import type { EvaluationScoreRow, ExampleRow } from '../../../../storage/schema.ts';
import type { Failure } from '../failure-words.ts';

/** One question as two configurations dealt with it; without a second one there is nothing to compare with. */
export interface QuestionPair {
  exampleId: string;
  example: ExampleRow | undefined;
  /** What the question is compared with. */
  a: EvaluationScoreRow | undefined;
  b: EvaluationScoreRow;
  valueA: number | undefined;
  valueB: number | undefined;
  /** b − a; undefined where one of them has no value. */
  change: number | undefined;
}

export type Order = 'gained' | 'lost' | 'asked';
/** `disputed`: the judge sees it otherwise than the words. */
export type FailureFilter = Failure | 'right' | 'disputed' | 'all';

/** Questions that both configurations have dealt with, or all of the second one where there is no first. */
export function pairsOf(
  metric: string,
  exampleIds: readonly string[],
  examples: ReadonlyMap<string, ExampleRow>,
  rowsB: readonly EvaluationScoreRow[],
  rowsA: readonly EvaluationScoreRow[] = [],
): QuestionPair[] {
  const ofA = new Map(rowsA.map((row) => [row.exampleId, row]));
  const ofB = new Map(rowsB.map((row) => [row.exampleId, row]));
  return exampleIds.flatMap((exampleId) => {
    const [a, b] = [ofA.get(exampleId), ofB.get(exampleId)];
    if (!b) return [];
    const [valueA, valueB] = [a?.scores[metric], b.scores[metric]];
    const change = valueA === undefined || valueB === undefined ? undefined : valueB - valueA;
    return [{ exampleId, example: examples.get(exampleId), a, b, valueA, valueB, change }];
  });
}

/** By what changed, then by the score alone; equal ones stay in the order in which they were asked. */
export function ordered(pairs: readonly QuestionPair[], order: Order, better: 'higher' | 'lower' | 'neither') {
  if (order === 'asked') return [...pairs];
  const sign = (order === 'gained' ? -1 : 1) * (better === 'lower' ? -1 : 1);
  const last = Number.POSITIVE_INFINITY;
  const key = ({ change, valueB }: QuestionPair) =>
    change !== undefined ? sign * change : valueB !== undefined ? sign * valueB : last;
  return pairs.toSorted((x, y) => key(x) - key(y) || 0);
}

export function filtered(pairs: readonly QuestionPair[], filter: FailureFilter): QuestionPair[] {
  if (filter === 'all') return [...pairs];
  if (filter === 'disputed') return pairs.filter(({ b }) => isDisputed(b));
  return pairs.filter(({ b }) => (filter === 'right' ? b.failure === undefined : b.failure === filter));
}

/** How many questions went wrong in which way, and how many went right. */
export function failureCounts(pairs: readonly QuestionPair[]): ReadonlyMap<FailureFilter, number> {
  const counts = new Map<FailureFilter, number>([['all', pairs.length]]);
  for (const { b } of pairs) {
    const kind = b.failure ?? 'right';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (isDisputed(b)) counts.set('disputed', (counts.get('disputed') ?? 0) + 1);
  }
  return counts;
}

function isDisputed({ judgement, failure }: EvaluationScoreRow): boolean {
  const correctness = judgement?.scores['correctness'];
  return correctness !== undefined && judgedRight(correctness) !== (failure === undefined);
}
