import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mean, ndcgAtK, precisionAtK, recallAtK, reciprocalRank } from '../../../src/evaluation/metrics/ranking.ts';

// Ranks of the relevant items a, b, c: 2 and 4; c is not found.
const ranked = ['x', 'a', 'y', 'b', 'z'];
const relevant = new Set(['a', 'b', 'c']);

describe('ranking metrics, worked by hand', () => {
  it('recall counts what was found of what is relevant', () => {
    expect(recallAtK(ranked, relevant, 1)).toBe(0);
    expect(recallAtK(ranked, relevant, 2)).toBeCloseTo(1 / 3, 12);
    expect(recallAtK(ranked, relevant, 5)).toBeCloseTo(2 / 3, 12);
  });

  it('precision counts empty places as misses', () => {
    expect(precisionAtK(ranked, relevant, 4)).toBe(0.5);
    expect(precisionAtK(['a'], relevant, 10)).toBe(0.1);
  });

  it('the reciprocal rank looks at the first relevant item only', () => {
    expect(reciprocalRank(ranked, relevant)).toBe(0.5);
    expect(reciprocalRank(['x', 'y'], relevant)).toBe(0);
  });

  it('nDCG discounts by log2 of the rank and divides by the ideal order', () => {
    // gained: 1/log2(3) + 1/log2(5) = 0.63093 + 0.43068; ideal: 1 + 0.63093 + 0.5
    expect(ndcgAtK(ranked, relevant, 10)).toBeCloseTo(1.0616063 / 2.1309298, 6);
    // Only one place: the ideal has one item too.
    expect(ndcgAtK(['a'], relevant, 1)).toBe(1);
  });

  it('refuses a query without relevant items', () => {
    expect(() => recallAtK(ranked, new Set(), 1)).toThrow(RangeError);
    expect(() => ndcgAtK(ranked, new Set(), 1)).toThrow(RangeError);
  });

  it('the mean is arithmetic', () => {
    expect(mean([0.25, 0.5, 0.75])).toBe(0.5);
  });
});

describe('ranking metrics, for every list', () => {
  const lists = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 });
  const sets = fc
    .uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 10 })
    .map((ids) => new Set(ids));

  it('stay within 0 and 1, and putting every relevant item first gives nDCG 1', () => {
    fc.assert(
      fc.property(lists, sets, (list, wanted) => {
        const ideal = [...wanted, ...list.filter((id) => !wanted.has(id))];
        for (const value of [recallAtK(list, wanted, 10), ndcgAtK(list, wanted, 10), reciprocalRank(list, wanted)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        expect(ndcgAtK(ideal, wanted, 10)).toBeCloseTo(1, 12);
      }),
    );
  });
});
