import { seededRandom } from '../../engine/training/random.ts';
import type { Interval } from '../metrics/bootstrap.ts';
import { mean } from '../metrics/ranking.ts';

/** A model tuned with so many examples, and how it scored on each question of the same set, in the same order. */
export interface CurvePoint {
  /** 0: the untuned model. */
  examples: number;
  scores: readonly number[];
}

/** score(n) = limit − reach · (n + 1)^−rate. */
export interface PowerLaw {
  limit: number;
  reach: number;
  rate: number;
}

export interface LearningCurve extends PowerLaw {
  /** Most examples that were tried. */
  examples: number;
  /** What that many examples more would bring, with its 95 % interval over the questions. */
  gain(more: number): Interval;
}

const RESAMPLES = 500;
const RATES = Array.from({ length: 40 }, (_, i) => 0.05 * 1.1 ** i);

/**
 * Fits an inverse power law (Figueroa et al. 2012, Hestness et al. 2017) to scores against numbers of examples. Counting
 * from n + 1 lets the untuned model take part. `reach` is at least 0 and `limit` at most 1, so the curve never falls and
 * never leaves the scale; where scores fell it is flat.
 *
 * The interval comes from drawing the questions anew (the same ones for every point) and fitting again. It says what
 * other questions would change, not what another run of training would: that is not known from one run per point.
 *
 * @returns undefined with fewer than three different numbers of examples
 * @throws RangeError unless every point was asked the same number of questions
 */
export function learningCurve(points: readonly CurvePoint[], seed = 1): LearningCurve | undefined {
  const sizes = points.map(({ examples }) => examples);
  const questions = points[0]?.scores.length ?? 0;
  if (points.some(({ scores }) => scores.length !== questions)) throw new RangeError('Points need the same questions.');
  if (new Set(sizes).size < 3 || questions === 0) return undefined;
  const fitted = fitPowerLaw(
    sizes,
    points.map(({ scores }) => mean(scores)),
  );
  const random = seededRandom(seed);
  const resampled = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: questions }, () => Math.floor(random() * questions));
    return fitPowerLaw(
      sizes,
      points.map(({ scores }) => mean(drawn.map((question) => scores[question]!))),
    );
  });
  const examples = Math.max(...sizes);
  const gainOf = (law: PowerLaw, more: number) => valueAt(law, examples + more) - valueAt(law, examples);
  return {
    ...fitted,
    examples,
    gain(more) {
      const gains = resampled.map((law) => gainOf(law, more)).sort((a, b) => a - b);
      const at = (share: number) => gains[Math.min(gains.length - 1, Math.floor(share * gains.length))]!;
      return { mean: gainOf(fitted, more), low: at(0.025), high: at(0.975) };
    },
  };
}

/** The curve's score at a number of examples. */
export function valueAt({ limit, reach, rate }: PowerLaw, examples: number): number {
  return limit - reach * (examples + 1) ** -rate;
}

/** Least squares: for each rate on a grid limit and reach have a closed form; the best rate wins. */
export function fitPowerLaw(examples: readonly number[], scores: readonly number[]): PowerLaw {
  const flat = { limit: Math.min(1, mean(scores)), reach: 0, rate: RATES[0]! };
  let best: PowerLaw = flat;
  let error = squares(flat, examples, scores);
  for (const rate of RATES) {
    const law = lineFor(rate, examples, scores);
    const own = squares(law, examples, scores);
    if (own < error) [best, error] = [law, own];
  }
  return best;
}

function lineFor(rate: number, examples: readonly number[], scores: readonly number[]): PowerLaw {
  const x = examples.map((n) => (n + 1) ** -rate);
  const [meanX, meanY] = [mean(x), mean(scores)];
  const xy = mean(x.map((value, i) => (value - meanX) * (scores[i]! - meanY)));
  const xx = mean(x.map((value) => (value - meanX) ** 2));
  const reach = Math.max(0, -xy / xx);
  const limit = meanY + reach * meanX;
  if (limit <= 1) return { limit, reach, rate };
  // Held at the top of the scale, the best reach is the regression through (0, 1).
  const pinned =
    x.reduce((sum, value, i) => sum + value * (1 - scores[i]!), 0) / x.reduce((sum, value) => sum + value ** 2, 0);
  return { limit: 1, reach: Math.max(0, pinned), rate };
}

function squares(law: PowerLaw, examples: readonly number[], scores: readonly number[]): number {
  return examples.reduce((sum, n, i) => sum + (valueAt(law, n) - scores[i]!) ** 2, 0);
}
