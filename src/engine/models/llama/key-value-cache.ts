import type { ResidentRuntime, ResidentTensor } from '../../resident/resident.ts';
import type { LlamaConfig } from './config.ts';

/** Tokens that the first cache holds; it doubles when they are used up. */
const FIRST_CAPACITY = 512;

/**
 * Keys and values of the tokens so far, [1, kvHeads, capacity, headSize] per block. The attention kernel writes into
 * the same tensors that it reads, so a step copies nothing.
 */
export class KeyValueCache {
  /** Tokens in use. */
  length = 0;
  #runtime: ResidentRuntime;
  #config: LlamaConfig;
  #limit: number;
  #capacity = 0;
  #tensors: { key: ResidentTensor<'float32'>; value: ResidentTensor<'float32'> }[] = [];

  constructor(runtime: ResidentRuntime, config: LlamaConfig, limit: number) {
    this.#runtime = runtime;
    this.#config = config;
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#tensors.length * 2 * 4 * this.#elements(this.#capacity);
  }

  get inputs(): [string, ResidentTensor][] {
    return this.#named('past');
  }

  get outputs(): [string, ResidentTensor][] {
    return this.#named('present');
  }

  truncate(length: number): void {
    this.length = Math.min(this.length, length);
  }

  /** Makes room for so many tokens. @throws RangeError beyond the context's length */
  async reserve(tokens: number): Promise<void> {
    if (tokens > this.#limit) throw new RangeError(`${tokens} tokens do not fit into a context of ${this.#limit}.`);
    if (tokens <= this.#capacity) return;
    let capacity = Math.max(this.#capacity, FIRST_CAPACITY);
    while (capacity < tokens) capacity *= 2;
    capacity = Math.min(capacity, this.#limit);
    const old = this.#tensors;
    this.#tensors = [];
    for (let layer = 0; layer < this.#config.layers; layer++) {
      this.#tensors.push({
        key: await this.#grown(old[layer]?.key, capacity),
        value: await this.#grown(old[layer]?.value, capacity),
      });
    }
    this.#capacity = capacity;
  }

  dispose(): void {
    for (const { key, value } of this.#tensors) {
      key.dispose();
      value.dispose();
    }
    this.#tensors = [];
    this.#capacity = this.length = 0;
  }

  async #grown(old: ResidentTensor<'float32'> | undefined, capacity: number): Promise<ResidentTensor<'float32'>> {
    const { keyValueHeads, headSize } = this.#config;
    const next = this.#runtime.tensor('float32', [1, keyValueHeads, capacity, headSize]);
    if (old) {
      const numbers = await old.read();
      const used = this.length * headSize;
      for (let head = 0; head < keyValueHeads; head++) {
        const from = head * this.#capacity * headSize;
        next.write(numbers.subarray(from, from + used), head * capacity * headSize);
      }
      old.dispose();
    }
    return next;
  }

  #elements(tokens: number): number {
    return this.#config.keyValueHeads * tokens * this.#config.headSize;
  }

  #named(prefix: string): [string, ResidentTensor][] {
    return this.#tensors.flatMap(({ key, value }, i) => [
      [`${prefix}.${i}.key`, key] as [string, ResidentTensor],
      [`${prefix}.${i}.value`, value] as [string, ResidentTensor],
    ]);
  }
}
