import { describe, expect, test } from 'vitest';
import {
  failureCounts,
  filtered,
  ordered,
  pairsOf,
} from '../../../../src/ui/screens/compare/questions/question-list.ts';
import type { EvaluationScoreRow } from '../../../../src/storage/schema.ts';

type Given = [value: number | undefined, failure?: EvaluationScoreRow['failure']];

const rows = (configurationId: string, given: Record<string, Given>): EvaluationScoreRow[] =>
  Object.entries(given).map(([exampleId, [value, failure]]) => ({
    ...{ evaluationId: 'e', configurationId, exampleId, workspaceId: 'w', passages: [] },
    scores: (value === undefined ? {} : { f1: value }) as Record<string, number>,
    ...(failure && { failure }),
  }));

const ids = ['q1', 'q2', 'q3', 'q4', 'q5'];
const base = rows('a', { q1: [0.5], q2: [0.2], q3: [1], q4: [0.1] });
const tuned = rows('b', { q1: [0.5], q2: [0.9], q3: [0, 'notRetrieved'], q4: [undefined, 'refused'], q5: [1] });
const pairs = pairsOf('f1', ids, new Map(), tuned, base);
const named = (list: typeof pairs) => list.map(({ exampleId }) => exampleId);

describe('questions behind a number', () => {
  test('are sorted by what changed; one without a value comes last either way', () => {
    expect(named(ordered(pairs, 'gained', 'higher'))).toEqual(['q5', 'q2', 'q1', 'q3', 'q4']);
    expect(named(ordered(pairs, 'lost', 'higher'))).toEqual(['q3', 'q1', 'q2', 'q5', 'q4']);
    expect(named(ordered(pairs, 'asked', 'higher'))).toEqual(ids);
  });

  test('of a metric where less is better, gaining means falling', () => {
    expect(named(ordered(pairs.slice(0, 3), 'gained', 'lower'))).toEqual(['q3', 'q1', 'q2']);
  });

  test('are filtered by where they went wrong, and counted', () => {
    expect(named(filtered(pairs, 'notRetrieved'))).toEqual(['q3']);
    expect(named(filtered(pairs, 'right'))).toEqual(['q1', 'q2', 'q5']);
    expect(Object.fromEntries(failureCounts(pairs))).toEqual({ all: 5, right: 3, notRetrieved: 1, refused: 1 });
  });

  test('are told apart where a judge takes for right what the words do not, and the other way round', () => {
    const judged = (row: EvaluationScoreRow, correctness: number) => ({
      ...row,
      judgement: { scores: { correctness }, reason: '' },
    });
    const [agreed, blamed, praised, ...others] = tuned;
    const said = [judged(agreed!, 1), judged(blamed!, 0.5), judged(praised!, 0.6), ...others];
    const seen = pairsOf('f1', ids, new Map(), said, base);
    expect(named(filtered(seen, 'disputed'))).toEqual(['q2', 'q3']);
    expect(failureCounts(seen).get('disputed')).toBe(2);
  });

  test('that the second configuration has not reached yet are left out', () => {
    expect(named(pairsOf('f1', ids, new Map(), base, tuned))).toEqual(['q1', 'q2', 'q3', 'q4']);
  });
});
