import type { Tokens } from '../../../training/batches.ts';
import type { Pooling } from '../pooling.ts';

/** Lengths are padded to a multiple of this: a new shape costs WebGPU new pipelines. */
const LENGTH_STEP = 8;
/** Added to the scores of padding; their softmax is exactly 0. */
const HIDDEN = -1e9;

/** A text as the encoder reads it. */
export interface EncoderInput {
  tokens: Tokens;
  /** Token types, 0 or 1; absent: all 0. */
  types?: Tokens;
}

/** Texts of similar length that go through the model together, as B rows of T tokens. */
export interface Chunk {
  /** Places of its texts in the batch. */
  texts: readonly number[];
  length: number;
}

/** How many tokens of a text are paid for. */
export function paddedLength(tokens: number): number {
  return Math.max(1, Math.ceil(tokens / LENGTH_STEP)) * LENGTH_STEP;
}

/**
 * Sorts texts by length and cuts them into chunks of at most `chunkTokens` tokens, padding counted, so that little is
 * padded and a run's intermediates stay small: a batch of any size fits. A text longer than that is a chunk of its own.
 */
export function planChunks(lengths: readonly number[], chunkTokens: number): Chunk[] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const groups: { texts: number[]; length: number }[] = [];
  for (const text of order.reverse()) {
    const current = groups.at(-1);
    const length = paddedLength(lengths[text]!);
    if (current && (current.texts.length + 1) * current.length <= chunkTokens && saves(current, length)) {
      current.texts.push(text);
    } else groups.push({ texts: [text], length });
  }
  return groups;
}

/** A text much shorter than the chunk begins one of its own: a short chunk costs less than a lot of padding. */
function saves(chunk: { length: number }, length: number): boolean {
  return length * 2 >= chunk.length || chunk.length - length <= 2 * LENGTH_STEP;
}

/** [B, 1, 1, T]: 0 for tokens, hidden for padding. */
export function keyBias(texts: readonly Tokens[], length: number): Float32Array<ArrayBuffer> {
  const bias = new Float32Array(texts.length * length);
  texts.forEach((tokens, row) => bias.fill(HIDDEN, row * length + tokens.length, (row + 1) * length));
  return bias;
}

/** [B, T]: each token's share of its text's vector. */
export function poolingShares(texts: readonly Tokens[], length: number, pooling: Pooling): Float32Array<ArrayBuffer> {
  const shares = new Float32Array(texts.length * length);
  texts.forEach((tokens, row) => {
    const count = pooling === 'cls' ? 1 : tokens.length;
    shares.fill(1 / count, row * length, row * length + count);
  });
  return shares;
}
