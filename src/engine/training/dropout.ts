import { seededRandom } from './random.ts';

/** Rows that tokens draw their masks from. */
export const MASK_ROWS = 128;

/**
 * Masks of one width, [MASK_ROWS, width]: 0 with the given probability, else 1/(1 - probability) (Srivastava et al. 2014).
 *
 * Every token of every layer draws one of these rows. To draw all numbers anew would take tens of millions of them in a
 * step; every single mask is as random as before, only far tokens may share one.
 */
export function dropoutMasks(seed: number, width: number, probability: number): Float32Array<ArrayBuffer> {
  const random = seededRandom(seed, 1, width);
  const kept = 1 / (1 - probability);
  return Float32Array.from({ length: MASK_ROWS * width }, () => (random() < probability ? 0 : kept));
}

/** Which row each of N tokens draws in one linear layer of a block. */
export function dropoutRows(seed: number, layer: number, linear: number, tokens: number): Int32Array<ArrayBuffer> {
  const random = seededRandom(seed, 2 + layer, linear);
  return Int32Array.from({ length: tokens }, () => Math.floor(random() * MASK_ROWS));
}
