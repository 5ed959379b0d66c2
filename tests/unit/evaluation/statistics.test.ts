import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cohenKappa } from '../../../src/evaluation/statistics/kappa.ts';
import { fitPowerLaw, learningCurve, valueAt } from '../../../src/evaluation/statistics/learning-curve.ts';
import { bradleyTerry, type Duel } from '../../../src/evaluation/statistics/preference.ts';
import { holm, signFlipP } from '../../../src/evaluation/statistics/significance.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('significance', () => {
  it('is the same whichever system comes first, and never 0', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 30 }), (differences) => {
        const p = signFlipP(differences);
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(signFlipP(differences.map((value) => -value))).toBeCloseTo(p, 9);
      }),
      { numRuns: 30 },
    );
  });

  it('Holm never makes a p smaller and keeps their order', () => {
    fc.assert(
      fc.property(fc.array(share, { maxLength: 12 }), (ps) => {
        const adjusted = holm(ps);
        ps.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          ps.forEach((other, j) => {
            if (p < other) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
      }),
    );
  });
});

describe('agreement', () => {
  it('has no kappa where chance alone explains everything', () => {
    expect(cohenKappa([], [])).toEqual({ n: 0, observed: 0 });
    expect(cohenKappa(['up', 'up'], ['up', 'up'])).toEqual({ n: 2, observed: 1 });
  });

  it('is symmetric and within its bounds', () => {
    const label = fc.constantFrom('up', 'down', 'tie');
    fc.assert(
      fc.property(fc.array(fc.tuple(label, label), { maxLength: 40 }), (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const [there, back] = [cohenKappa(a, b), cohenKappa(b, a)];
        expect(there.observed).toBeCloseTo(back.observed, 12);
        if (!there.kappa) {
          expect(back.kappa).toBeUndefined();
          return;
        }
        expect(there.kappa.value).toBeCloseTo(back.kappa!.value, 9);
        expect(there.kappa.low).toBeGreaterThanOrEqual(-1);
        expect(there.kappa.low).toBeLessThanOrEqual(there.kappa.value + 1e-9);
        expect(there.kappa.high).toBeLessThanOrEqual(1);
        expect(there.kappa.high).toBeGreaterThanOrEqual(there.kappa.value - 1e-9);
      }),
    );
  });
});

describe('strengths from votes', () => {
  const beats = (first: string, second: string, times: number): Duel[] =>
    Array.from({ length: times }, () => ({ first, second, outcome: 1 }));

  it('has the closed form of two opponents: 400 · log10 of wins against losses', () => {
    const [best, other] = bradleyTerry([...beats('a', 'b', 30), ...beats('b', 'a', 10)], { prior: 0 });
    expect(best!.id).toBe('a');
    expect(best!.score - other!.score).toBeCloseTo(400 * Math.log10(3), 3);
    expect(best!.low).toBeLessThan(best!.score);
    expect(best!.high).toBeGreaterThan(best!.score);
  });

  it('stays finite for one who won every vote, and grows with the number of votes', () => {
    const lead = (votes: number) => {
      const [best, other] = bradleyTerry(beats('a', 'b', votes));
      return best!.score - other!.score;
    };
    expect(lead(3)).toBeGreaterThan(0);
    expect(lead(30)).toBeGreaterThan(lead(3));
    expect(Number.isFinite(lead(300))).toBe(true);
  });

  it('does not depend on who was shown first, and ties are even', () => {
    const votes = [...beats('a', 'b', 5), ...beats('b', 'c', 4), ...beats('c', 'a', 1)];
    const swapped = votes.map(({ first, second }): Duel => ({ first: second, second: first, outcome: 0 }));
    expect(bradleyTerry(swapped).map(({ score }) => score)).toEqual(
      bradleyTerry(votes).map(({ score }) => expect.closeTo(score, 6) as number),
    );
    const tied = bradleyTerry([{ first: 'a', second: 'b', outcome: 0.5 }]);
    expect(tied.map(({ score }) => Math.round(score))).toEqual([1000, 1000]);
    expect(bradleyTerry([])).toEqual([]);
  });
});

describe('learning curve', () => {
  const law = { limit: 0.9, reach: 0.5, rate: 0.4 };

  it('finds the law that made the scores', () => {
    const sizes = [0, 50, 100, 200, 400, 800];
    const fitted = fitPowerLaw(
      sizes,
      sizes.map((n) => valueAt(law, n)),
    );
    expect(fitted.rate).toBeGreaterThan(0.35);
    expect(fitted.rate).toBeLessThan(0.45);
    expect(valueAt(fitted, 1600)).toBeCloseTo(valueAt(law, 1600), 2);
  });

  it('says what more examples would bring, within an interval that narrows with the questions', () => {
    const points = (questions: number) =>
      [0, 100, 200, 400].map((examples) => ({
        examples,
        // Right on the share of questions that the law gives.
        scores: Array.from({ length: questions }, (_, i) => Number((i * 0.618) % 1 < valueAt(law, examples))),
      }));
    const few = learningCurve(points(30))!.gain(100);
    const many = learningCurve(points(600))!.gain(100);
    expect(many.mean).toBeGreaterThan(0);
    expect(many.mean).toBeLessThan(0.05);
    expect(many.low).toBeLessThanOrEqual(many.mean);
    expect(many.high - many.low).toBeLessThan(few.high - few.low);
  });

  it('never promises a loss or more than the scale holds', () => {
    const column = fc.array(share, { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(column, { minLength: 3, maxLength: 5 }), (columns) => {
        const curve = learningCurve(columns.map((scores, i) => ({ examples: i * 100, scores })))!;
        const { mean, low, high } = curve.gain(100);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(mean).toBeGreaterThanOrEqual(0);
        expect(curve.limit).toBeLessThanOrEqual(1);
      }),
      { numRuns: 8 },
    );
  });

  it('needs three sizes', () => {
    expect(learningCurve([])).toBeUndefined();
    expect(learningCurve([0, 100].map((examples) => ({ examples, scores: [0, 1] })))).toBeUndefined();
  });
});
