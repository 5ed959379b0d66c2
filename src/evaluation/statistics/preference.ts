import { seededRandom } from '../../engine/training/random.ts';

/** A choice between two; a tie counts as half a win of each. */
export interface Duel {
  first: string;
  second: string;
  /** Share of the win that goes to `first`: 1, 0, or 0.5 for a tie. */
  outcome: 1 | 0 | 0.5;
}

/** Strength of one of the compared on Elo's scale, with its 95 % interval over the votes. */
export interface Strength {
  id: string;
  /** 1000 is the mean of all; 100 points more win 64 % of the votes against. */
  score: number;
  low: number;
  high: number;
  votes: number;
}

const RESAMPLES = 1000;
const ELO_PER_UNIT = 400 / Math.LN10;

/**
 * Strengths by which the votes are most likely (Bradley and Terry 1952), on Elo's scale: unlike Elo's running score they
 * do not depend on the order of the votes. Intervals by percentile bootstrap of the votes (as Chatbot Arena does; Chiang
 * et al. 2024).
 *
 * @param prior virtual ties of each against an average opponent: one who won every vote would be infinitely strong
 *   otherwise, and few votes mean less
 * @returns strongest first
 */
export function bradleyTerry(duels: readonly Duel[], { prior = 1, seed = 1 } = {}): Strength[] {
  const ids = [...new Set(duels.flatMap(({ first, second }) => [first, second]))].sort();
  const place = new Map(ids.map((id, i) => [id, i]));
  const votes = duels.map(({ first, second, outcome }) => ({
    first: place.get(first)!,
    second: place.get(second)!,
    outcome,
  }));
  const scores = fit(votes, ids.length, prior);
  const random = seededRandom(seed);
  const resampled = Array.from({ length: duels.length > 0 ? RESAMPLES : 0 }, () =>
    fit(
      votes.map(() => votes[Math.floor(random() * votes.length)]!),
      ids.length,
      prior,
    ),
  );
  return ids
    .map((id, i) => {
      const drawn = resampled.map((scores) => scores[i]!).sort((a, b) => a - b);
      const at = (share: number) => drawn[Math.min(drawn.length - 1, Math.floor(share * drawn.length))]!;
      const own = duels.filter(({ first, second }) => first === id || second === id).length;
      return { id, score: scores[i]!, low: at(0.025), high: at(0.975), votes: own };
    })
    .sort((a, b) => b.score - a.score);
}

interface Vote {
  first: number;
  second: number;
  outcome: number;
}

/**
 * Newton's method on the log-likelihood, which is concave; steps are cut to 2 units so that the first ones cannot overshoot.
 * Without a prior the strengths are only known up to a constant, which a tiny pull to 0 settles.
 */
function fit(votes: readonly Vote[], count: number, prior: number): number[] {
  const strengths = new Array<number>(count).fill(0);
  for (let iteration = 0; iteration < 100; iteration++) {
    const gradient = new Array<number>(count).fill(0);
    const hessian = Array.from({ length: count }, () => new Array<number>(count).fill(0));
    for (const { first, second, outcome } of votes) {
      const expected = 1 / (1 + Math.exp(strengths[second]! - strengths[first]!));
      const weight = expected * (1 - expected);
      gradient[first]! += outcome - expected;
      gradient[second]! -= outcome - expected;
      hessian[first]![first]! += weight;
      hessian[second]![second]! += weight;
      hessian[first]![second]! -= weight;
      hessian[second]![first]! -= weight;
    }
    strengths.forEach((strength, i) => {
      const expected = 1 / (1 + Math.exp(-strength));
      gradient[i]! += prior * (0.5 - expected) - 1e-9 * strength;
      hessian[i]![i]! += prior * expected * (1 - expected) + 1e-9;
    });
    const step = solve(hessian, gradient).map((value) => Math.max(-2, Math.min(2, value)));
    step.forEach((value, i) => (strengths[i]! += value));
    if (step.every((value) => Math.abs(value) < 1e-10)) break;
  }
  const mean = strengths.reduce((sum, value) => sum + value, 0) / count;
  return strengths.map((value) => 1000 + ELO_PER_UNIT * (value - mean));
}

/** Solves a small positive definite system by Gaussian elimination. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const factor = rows[j]![i]! / rows[i]![i]!;
      for (let k = i; k <= n; k++) rows[j]![k]! -= factor * rows[i]![k]!;
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let rest = rows[i]![n]!;
    for (let k = i + 1; k < n; k++) rest -= rows[i]![k]! * solution[k]!;
    solution[i] = rest / rows[i]![i]!;
  }
  return solution;
}
