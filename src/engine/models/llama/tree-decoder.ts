import { allOrNone } from '../../resident/all-or-none.ts';
import type { ResidentRuntime, ResidentSession, ResidentTensor } from '../../resident/resident.ts';
import type { LlamaAdapter } from './adapter.ts';
import { AdapterTensors } from './adapter-tensors.ts';
import type { LlamaConfig } from './config.ts';
import { embeddingRows, llamaSession, orDispose, type DecoderOptions } from './decoder.ts';
import { buildLlamaGraph } from './graph.ts';
import { KeyValueCache } from './key-value-cache.ts';
import type { StoredMatrix } from './matrix.ts';
import type { LoadedLlama } from './weights.ts';

/** Tokens per run: bounds the memory of activations and of the mask. */
const CHUNK = 256;
const NO_PARENT = -1;

/** A token to append: it sees its parent and all that its parent sees. */
export interface TreeToken {
  token: number;
  /** Place of the token before it in the tree; -1: it begins a text. */
  parent: number;
}

/**
 * A Llama model over a tree of texts: many continuations of one beginning, read and written at once. What they share is
 * computed once, and a run reads each weight once for all of them, which is most of what a single token costs.
 */
export class TreeDecoder {
  readonly config: LlamaConfig;
  /** Tokens that the tree may hold in all. */
  readonly contextTokens: number;
  #runtime: ResidentRuntime;
  #session: ResidentSession;
  #embedding: StoredMatrix;
  #cache: KeyValueCache;
  #adapters: AdapterTensors;
  /** Of each token in the cache. */
  #parents: number[] = [];
  #positions: number[] = [];

  private constructor(loaded: LoadedLlama, runtime: ResidentRuntime, session: ResidentSession, contextTokens: number) {
    this.config = loaded.config;
    this.contextTokens = contextTokens;
    this.#runtime = runtime;
    this.#session = session;
    this.#embedding = loaded.weights.embedding;
    this.#cache = new KeyValueCache(runtime, loaded.config, contextTokens);
    this.#adapters = new AdapterTensors(runtime, loaded.config);
  }

  /** @throws AttuneError `engine/out-of-memory`, `engine/load-failed` */
  static async create(
    loaded: LoadedLlama,
    runtime: ResidentRuntime,
    options: Omit<DecoderOptions, 'kernels'>,
  ): Promise<TreeDecoder> {
    const contextTokens = Math.min(loaded.config.contextTokens, options.contextTokens ?? 8192);
    const graph = buildLlamaGraph(loaded.config, loaded.weights, options.layout, contextTokens, 'tree');
    const { session } = await llamaSession(graph, runtime, options.name);
    return orDispose(session, () => new TreeDecoder(loaded, runtime, session, contextTokens));
  }

  /** Tokens in the tree. */
  get length(): number {
    return this.#cache.length;
  }

  /** Puts an adapter in force, null: the base. Empties the tree when it is another one. @throws RangeError */
  setAdapter(adapter: LlamaAdapter | null): void {
    if (this.#adapters.use(adapter)) this.truncate(0);
  }

  /** Forgets all but the first tokens that were appended. */
  truncate(length: number): void {
    this.#cache.truncate(length);
    this.#parents.length = this.#positions.length = this.#cache.length;
  }

  /**
   * Appends tokens; a parent comes before its children, in the tree or in `tokens`.
   *
   * @param wanted indices into `tokens`, ascending
   * @returns for each of those the logits [vocabulary] of what follows it
   * @throws RangeError when the context is full; DOMException AbortError between chunks; AttuneError
   *   `engine/out-of-memory`, which may leave the tree empty: see {@link length}
   */
  async append(
    tokens: readonly TreeToken[],
    wanted: readonly number[],
    signal?: AbortSignal,
  ): Promise<Float32Array<ArrayBuffer>[]> {
    const logits: Float32Array<ArrayBuffer>[] = [];
    for (let at = 0; at < tokens.length; at += CHUNK) {
      signal?.throwIfAborted();
      const rows = wanted.filter((row) => row >= at && row < at + CHUNK).map((row) => row - at);
      logits.push(...(await this.#run(tokens.slice(at, at + CHUNK), rows)));
    }
    return logits;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    this.#cache.dispose();
    this.#adapters.dispose();
  }

  async #run(tokens: readonly TreeToken[], wanted: readonly number[]): Promise<Float32Array<ArrayBuffer>[]> {
    const { vocabulary } = this.config;
    const start = this.#cache.length;
    const end = start + tokens.length;
    // The graph wants one row at least.
    const rows = wanted.length > 0 ? wanted : [tokens.length - 1];
    try {
      await this.#cache.reserve(end);
      for (const { parent } of tokens) {
        this.#positions.push(parent === NO_PARENT ? 0 : this.#positions[parent]! + 1);
        this.#parents.push(parent);
      }
      const { step, logits } = this.#tensors(tokens, start, rows);
      try {
        const inputs = new Map([...this.#adapters.inputs, ...step, ...this.#cache.inputs]);
        await this.#session.run(inputs, new Map([['logits', logits], ...this.#cache.outputs]));
        this.#cache.length = end;
        if (wanted.length === 0) return [];
        const all = await logits.read();
        return rows.map((_, i) => all.subarray(i * vocabulary, (i + 1) * vocabulary));
      } finally {
        for (const tensor of [logits, ...step.values()]) tensor.dispose();
      }
    } finally {
      this.#parents.length = this.#positions.length = this.#cache.length;
    }
  }

  /** What a run reads beside cache and adapter, and the logits that it writes. The caller disposes them. */
  #tensors(tokens: readonly TreeToken[], start: number, rows: readonly number[]) {
    const { hidden, vocabulary } = this.config;
    const end = start + tokens.length;
    const ids = tokens.map(({ token }) => token);
    return allOrNone(this.#runtime, (allocator) => {
      const int = (shape: number[], numbers: readonly number[]) =>
        allocator.tensor('int32', shape, Int32Array.from(numbers));
      const step = new Map<string, ResidentTensor>([
        ['x', allocator.tensor('float32', [tokens.length, hidden], embeddingRows(this.#embedding, ids))],
        ['positions', int([1, tokens.length], this.#positions.slice(start))],
        ['start', int([1], [start])],
        ['end', int([1], [end])],
        ['mask', allocator.tensor('float32', [tokens.length, end], this.#mask(start, end))],
        ['rows', int([rows.length], rows)],
      ]);
      return { step, logits: allocator.tensor('float32', [rows.length, vocabulary]) };
    });
  }

  /** [end - start, end]: 0 for a token and what comes before it in its text, -inf for all others. */
  #mask(start: number, end: number): Float32Array<ArrayBuffer> {
    const mask = new Float32Array((end - start) * end).fill(-Infinity);
    const { slidingWindow = Infinity } = this.config;
    for (let row = start; row < end; row++) {
      const oldest = this.#positions[row]! - slidingWindow;
      for (let at = row; at !== NO_PARENT && this.#positions[at]! > oldest; at = this.#parents[at]!)
        mask[(row - start) * end + at] = 0;
    }
    return mask;
  }
}
