import type { CausalExample } from '../../../training/batches.ts';
import type { CausalChunk } from './causal-layout.ts';

/**
 * Hidden states below the lowest adapted block. They never change while training, so each example's are computed once,
 * by themselves, whatever batch they are in: a resumed run, whose cache is empty, computes the very same bits.
 *
 * Full, the cache takes nothing more. To drop the oldest instead would be of no use: epochs ask for all examples in turn.
 */
export class LowerActivations {
  readonly #known = new Map<string, Float32Array<ArrayBuffer>>();
  readonly #compute: (example: CausalExample, signal?: AbortSignal) => Promise<Float32Array<ArrayBuffer>>;
  #bytesLeft: number;

  /** @param compute the states [tokens, hidden] of an example, its branches included */
  constructor(
    bytes: number,
    compute: (example: CausalExample, signal?: AbortSignal) => Promise<Float32Array<ArrayBuffer>>,
  ) {
    this.#bytesLeft = bytes;
    this.#compute = compute;
  }

  /** States of a chunk's tokens, [rows·length, hidden], 0 for padding. */
  async of(chunk: CausalChunk, hidden: number, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    const out = new Float32Array(chunk.ids.length * hidden);
    for (const { example, at } of chunk.starts) out.set(await this.#states(example, signal), at * hidden);
    return out;
  }

  async #states(example: CausalExample, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    const key = JSON.stringify([example.tokens, example.branches?.map(({ tokens }) => tokens)]);
    const known = this.#known.get(key);
    if (known) return known;
    const states = await this.#compute(example, signal);
    if (states.byteLength <= this.#bytesLeft) {
      this.#known.set(key, states);
      this.#bytesLeft -= states.byteLength;
    }
    return states;
  }
}
