import { describe, expect, it } from 'vitest';
import { exactMatch, tokenF1 } from '../../../src/evaluation/metrics/answers.ts';
import { bootstrapMean, pairedDifference } from '../../../src/evaluation/metrics/bootstrap.ts';
import { citedNumbers } from '../../../src/evaluation/metrics/citations.ts';

describe('answer metrics, worked by hand', () => {
  it('F1 counts words in common, each as often as both have it', () => {
    // 2 of 3 words are right, 2 of 4 right words are there: 2·2 / (3 + 4).
    expect(tokenF1('the red red house', ['red house of bricks'])).toBeCloseTo(4 / 7, 12);
    expect(tokenF1('green', ['red'])).toBe(0);
  });

  it('takes the nearest of several right answers', () => {
    expect(tokenF1('1912 [2]', ['in the year 1912', '1912'])).toBe(1);
    expect(exactMatch('1912', ['in 1912', '1912'])).toBe(1);
  });

  it('overlooks case, articles, punctuation and citations, and nothing else', () => {
    expect(exactMatch('The Mill [1].', ['mill'])).toBe(1);
    expect(exactMatch('mills', ['mill'])).toBe(0);
    expect(exactMatch('', ['mill'])).toBe(0);
  });

  it('reads citations alone and in lists, each number once', () => {
    expect(citedNumbers('So [2], and so [1, 3] [2]. In [year] 1912')).toEqual([2, 1, 3]);
  });
});

describe('bootstrap', () => {
  it('comes near the normal interval of a large sample', () => {
    // 300 of 400: the standard error is √(.75·.25/400) = 0.02165.
    const values = Array.from({ length: 400 }, (_, i) => Number(i % 4 !== 0));
    const { mean, low, high } = bootstrapMean(values);
    expect(mean).toBe(0.75);
    expect(low).toBeCloseTo(0.75 - 1.96 * 0.02165, 2);
    expect(high).toBeCloseTo(0.75 + 1.96 * 0.02165, 2);
  });

  it('sees a small difference that holds on every question', () => {
    const a = Array.from({ length: 50 }, (_, i) => (i % 10) / 10);
    const { low, high } = pairedDifference(
      a.map((value) => value + 0.01),
      a,
    );
    expect(low).toBeCloseTo(0.01, 9);
    expect(high).toBeCloseTo(0.01, 9);
  });

  it('refuses to pair different questions', () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(RangeError);
    expect(() => bootstrapMean([])).toThrow(RangeError);
  });
});
