import { seededRandom } from '../../engine/training/random.ts';

/** A corrected p below this counts as a difference, everywhere. */
export const SIGNIFICANCE_LEVEL = 0.05;

const PERMUTATIONS = 10_000;
/** Up to so many questions with a difference all 2^n signs are tried; beyond, {@link PERMUTATIONS} are drawn. */
const EXACT_UP_TO = 13;

/**
 * Two-sided p of a paired difference: how often a mean at least as far from 0 comes about when each question's difference
 * gets a random sign, that is, when both systems were the same (sign-flip permutation test; Fisher 1935, Dror et al.
 * 2018 §3.2). Exact for few questions. 1 where nothing differs.
 *
 * @param differences b − a, question by question
 */
export function signFlipP(differences: readonly number[], seed = 1): number {
  // A question without a difference adds 0 under either sign.
  const sizes = differences.filter((value) => value !== 0).map(Math.abs);
  if (sizes.length === 0) return 1;
  // Rounding must not make a tie a miss: sums in another order differ in the last digits.
  const tolerance = 1e-9 * sizes.reduce((sum, size) => sum + size, 0);
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0)) - tolerance;
  if (sizes.length <= EXACT_UP_TO) {
    const all = 2 ** sizes.length;
    let extreme = 0;
    for (let signs = 0; signs < all; signs++) {
      let sum = 0;
      for (let i = 0; i < sizes.length; i++) sum += (signs >> i) & 1 ? sizes[i]! : -sizes[i]!;
      if (Math.abs(sum) >= observed) extreme++;
    }
    return extreme / all;
  }
  const random = seededRandom(seed);
  let extreme = 0;
  for (let draw = 0; draw < PERMUTATIONS; draw++) {
    let sum = 0;
    for (const size of sizes) sum += random() < 0.5 ? size : -size;
    if (Math.abs(sum) >= observed) extreme++;
  }
  // The observed signs are one of the possible draws (Phipson and Smyth 2010): p is never 0.
  return (extreme + 1) / (PERMUTATIONS + 1);
}

/**
 * P values corrected for being many: the chance of even one false finding among all stays below the level that they are
 * compared with (Holm 1979, step-down).
 *
 * @returns in the order of `ps`, in [0, 1]
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a]! - ps[b]!);
  const adjusted = new Array<number>(ps.length);
  let highest = 0;
  order.forEach((place, rank) => {
    highest = Math.max(highest, Math.min(1, (ps.length - rank) * ps[place]!));
    adjusted[place] = highest;
  });
  return adjusted;
}
