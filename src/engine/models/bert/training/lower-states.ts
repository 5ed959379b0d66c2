import type { EncoderInput } from './chunks.ts';

/**
 * Token vectors below the lowest adapted block. They never change while training, so each text's are computed once, by
 * itself, whatever batch it is in: a resumed run, whose cache is empty, computes the very same bits.
 *
 * Full, the cache takes nothing more. To drop the oldest instead would be of no use: epochs ask for all texts in turn.
 */
export class LowerStates {
  readonly #known = new Map<string, Float32Array<ArrayBuffer>>();
  readonly #compute: (input: EncoderInput, signal?: AbortSignal) => Promise<Float32Array<ArrayBuffer>>;
  #bytesLeft: number;

  /** @param compute the vectors [tokens, hidden] of a text */
  constructor(
    bytes: number,
    compute: (input: EncoderInput, signal?: AbortSignal) => Promise<Float32Array<ArrayBuffer>>,
  ) {
    this.#bytesLeft = bytes;
    this.#compute = compute;
  }

  async of(input: EncoderInput, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    const key = `${input.tokens.join()};${input.types?.join() ?? ''}`;
    const known = this.#known.get(key);
    if (known) return known;
    const states = await this.#compute(input, signal);
    if (states.byteLength <= this.#bytesLeft) {
      this.#known.set(key, states);
      this.#bytesLeft -= states.byteLength;
    }
    return states;
  }
}
