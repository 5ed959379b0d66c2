/** A batch of texts that run together: indices into the input, all padded to `length` tokens. */
export interface Batch {
  indices: number[];
  length: number;
}

/** Lengths are padded to multiples of this, so that few shapes occur and WebGPU compiles few pipelines. */
export const LENGTH_STEP = 8;

/**
 * Groups texts by length, so that little is padded, and bounds the tokens of a batch, so that activations stay in the
 * processor's cache. Longest first: memory is at its highest at once, not at the end.
 *
 * @param lengths tokens of each text, at least 1
 * @param maxTokens padded tokens of a batch; a single longer text is a batch of its own
 */
export function planBatches(lengths: readonly number[], maxTokens: number): Batch[] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const batches: Batch[] = [];
  let batch: Batch | undefined;
  for (const index of order) {
    if (!batch || (batch.indices.length + 1) * batch.length > maxTokens) {
      batch = { indices: [], length: Math.ceil(lengths[index]! / LENGTH_STEP) * LENGTH_STEP };
      batches.push(batch);
    }
    batch.indices.push(index);
  }
  return batches;
}
