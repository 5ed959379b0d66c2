import type { CausalChunk } from './causal-layout.ts';

/** Added to the scores of the future, of other examples and of other branches: their softmax is 0. */
const HIDDEN = -1e9;

/**
 * What each token may look at, [rows, 1, length, length]: itself and what comes before it in its own sequence, within the
 * window. Padding at the end of a row need not be hidden: nobody before it can see it.
 */
export function attentionMask(chunk: CausalChunk, window = Infinity): Float32Array<ArrayBuffer> {
  const { rows, length, examples, branches, positions } = chunk;
  const mask = new Float32Array(rows * length * length).fill(HIDDEN);
  for (let token = 0; token < rows * length; token++) {
    const first = token - (token % length);
    const to = token * length - first;
    for (let other = first; other <= token; other++) {
      const same =
        examples[other] === examples[token] && (branches[other] === -1 || branches[other] === branches[token]);
      if (same && positions[token]! - positions[other]! < window) mask[to + other] = 0;
    }
  }
  return mask;
}
