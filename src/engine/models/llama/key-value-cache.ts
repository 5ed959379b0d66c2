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
  /** Keys and values in turn, block by block. */
  #tensors: ResidentTensor<'float32'>[] = [];

  constructor(runtime: ResidentRuntime, config: LlamaConfig, limit: number) {
    this.#runtime = runtime;
    this.#config = config;
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#tensors.length * 4 * this.#elements(this.#capacity);
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

  /**
   * Makes room for so many tokens. Each block's old tensors are given back before the next block's are made, so a cache
   * that grows is never held twice; where there is no room, it is empty afterwards.
   *
   * @throws RangeError beyond the context's length; AttuneError `engine/out-of-memory`
   */
  async reserve(tokens: number): Promise<void> {
    if (tokens > this.#limit) throw new RangeError(`${tokens} tokens do not fit into a context of ${this.#limit}.`);
    if (tokens <= this.#capacity) return;
    let capacity = Math.max(this.#capacity, FIRST_CAPACITY);
    while (capacity < tokens) capacity *= 2;
    capacity = Math.min(capacity, this.#limit);
    const tensors: ResidentTensor<'float32'>[] = [];
    try {
      for (let place = 0; place < 2 * this.#config.layers; place++) {
        const next = this.#allocate(capacity);
        tensors.push(next);
        const old = this.#tensors[place];
        if (old) await this.#move(old, next, capacity);
      }
    } catch (error) {
      for (const tensor of tensors) tensor.dispose();
      this.dispose();
      throw error;
    }
    this.#tensors = tensors;
    this.#capacity = capacity;
  }

  dispose(): void {
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors = [];
    this.#capacity = this.length = 0;
  }

  #allocate(capacity: number): ResidentTensor<'float32'> {
    const { keyValueHeads, headSize } = this.#config;
    return this.#runtime.tensor('float32', [1, keyValueHeads, capacity, headSize]);
  }

  async #move(old: ResidentTensor<'float32'>, next: ResidentTensor<'float32'>, capacity: number): Promise<void> {
    const { keyValueHeads, headSize } = this.#config;
    const numbers = await old.read();
    const used = this.length * headSize;
    for (let head = 0; head < keyValueHeads; head++) {
      const from = head * this.#capacity * headSize;
      next.write(numbers.subarray(from, from + used), head * capacity * headSize);
    }
    old.dispose();
  }

  #elements(tokens: number): number {
    return this.#config.keyValueHeads * tokens * this.#config.headSize;
  }

  #named(prefix: string): [string, ResidentTensor][] {
    return this.#tensors.map((tensor, i) => [`${prefix}.${i >> 1}.${i % 2 === 0 ? 'key' : 'value'}`, tensor]);
  }
}
