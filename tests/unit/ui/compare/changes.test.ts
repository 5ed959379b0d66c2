import { expect, test } from 'vitest';
import type { Difference } from '../../../../src/evaluation/table/contract.ts';
import { changesAgainst } from '../../../../src/ui/screens/compare/changes.ts';

const change = (from: string, to: string): Difference => ({
  ...{ from, to, metric: 'mrr', mean: 0.1, low: -0.05, high: 0.25, n: 40 },
  ...{ p: 0.01, adjustedP: 0.02, significant: true },
});
const table = { differences: [change('a', 'b'), change('a', 'c'), change('b', 'c')] };

test('changes against any row are those of the pairs that were tested, seen from that row', () => {
  expect(changesAgainst(table, 'a')).toEqual([change('a', 'b'), change('a', 'c')]);
  expect(changesAgainst(table, 'b')).toEqual([
    { ...change('b', 'a'), mean: -0.1, low: -0.25, high: 0.05 },
    change('b', 'c'),
  ]);
});
