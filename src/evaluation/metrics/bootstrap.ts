import { mean } from './ranking.ts';

/** A mean with the interval that holds it with 95 % confidence. */
export interface Interval {
  mean: number;
  low: number;
  high: number;
}

const RESAMPLES = 10_000;

/**
 * Percentile bootstrap (Efron 1979) of a mean over questions. For two systems on the same questions, pass the
 * differences: that is the paired test, in which what makes a question hard for both cancels out.
 *
 * @throws RangeError when there is nothing to resample
 */
export function bootstrapMean(values: readonly number[], seed = 1): Interval {
  if (values.length === 0) throw new RangeError('A bootstrap needs at least one value.');
  let state = seed >>> 0;
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      // A linear congruential generator (Numerical Recipes); its high bits are good enough to draw by.
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      sum += values[Math.floor((state / 2 ** 32) * values.length)]!;
    }
    return sum / values.length;
  }).sort((a, b) => a - b);
  const at = (share: number) => means[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))]!;
  return { mean: mean(values), low: at(0.025), high: at(0.975) };
}

/** The interval of a − b, question by question. @throws RangeError unless both have the same questions */
export function pairedDifference(a: readonly number[], b: readonly number[], seed = 1): Interval {
  if (a.length !== b.length) throw new RangeError(`${a.length} values cannot be paired with ${b.length}.`);
  return bootstrapMean(
    a.map((value, i) => value - b[i]!),
    seed,
  );
}
