import { allOrNone } from '../../resident/all-or-none.ts';
import type { ResidentRuntime, ResidentSession, ResidentTensor } from '../../resident/resident.ts';
import type { LlamaAdapter } from './adapter.ts';
import { AdapterTensors } from './adapter-tensors.ts';
import type { AttentionKernels } from './attention.ts';
import type { LlamaConfig } from './config.ts';
import { buildLlamaGraph, type LlamaGraph } from './graph.ts';
import { KeyValueCache } from './key-value-cache.ts';
import type { WeightLayout } from './linear-group.ts';
import type { StoredMatrix } from './matrix.ts';
import { stepInputs } from './step-inputs.ts';
import type { LoadedLlama } from './weights.ts';

/** Prompt tokens per run: bounds the memory of activations, and lets a stop take effect. */
const CHUNK = 256;

export interface DecoderOptions {
  layout: WeightLayout;
  /** Absent: what is fastest on the device. */
  kernels?: Exclude<AttentionKernels, 'tree'>;
  /** Longest sequence; absent: what the model was trained for, at most 8,192. */
  contextTokens?: number;
  /** Names the model in messages. */
  name?: string;
}

/**
 * A Llama model that is ready to run: weights in the runtime's memory, one sequence with its key/value cache.
 *
 * The embedding table stays as it is stored and its rows are decoded when they are needed.
 */
export class LlamaDecoder {
  readonly config: LlamaConfig;
  readonly contextTokens: number;
  readonly runtime: ResidentRuntime;
  #session: ResidentSession;
  #embedding: StoredMatrix;
  #cache: KeyValueCache;
  #adapters: AdapterTensors;
  #logits: ResidentTensor;
  #kernels: NonNullable<DecoderOptions['kernels']>;
  #weightBytes: number;

  private constructor(
    loaded: LoadedLlama,
    runtime: ResidentRuntime,
    session: ResidentSession,
    contextTokens: number,
    bytes: number,
    kernels: NonNullable<DecoderOptions['kernels']>,
  ) {
    this.config = loaded.config;
    this.contextTokens = contextTokens;
    this.runtime = runtime;
    this.#session = session;
    this.#embedding = loaded.weights.embedding;
    this.#weightBytes = bytes;
    this.#kernels = kernels;
    this.#cache = new KeyValueCache(runtime, loaded.config, contextTokens);
    [this.#logits, this.#adapters] = allOrNone(runtime, (allocator) => [
      allocator.tensor('float32', [1, loaded.config.vocabulary]),
      new AdapterTensors(runtime, loaded.config, allocator),
    ]);
  }

  /** @throws AttuneError `engine/out-of-memory`, `engine/load-failed` */
  static async create(loaded: LoadedLlama, runtime: ResidentRuntime, options: DecoderOptions): Promise<LlamaDecoder> {
    const contextTokens = Math.min(loaded.config.contextTokens, options.contextTokens ?? 8192);
    const kernels = options.kernels ?? (runtime.device === 'wasm' ? 'branched' : 'fused');
    const graph = buildLlamaGraph(loaded.config, loaded.weights, options.layout, contextTokens, kernels);
    const { session, bytes } = await llamaSession(graph, runtime, options.name);
    return orDispose(session, () => new LlamaDecoder(loaded, runtime, session, contextTokens, bytes, kernels));
  }

  /** Tokens in the cache. */
  get length(): number {
    return this.#cache.length;
  }

  /** Bytes held: weights, embedding table, cache, adapters. */
  get memoryBytes(): number {
    return this.#weightBytes + this.#embedding.bytes.length + this.#cache.bytes + this.#adapters.bytes;
  }

  get adapter(): LlamaAdapter | null {
    return this.#adapters.current;
  }

  /**
   * Puts an adapter in force, or none. Its matrices stay in the runtime's memory until {@link releaseAdapter}, so that
   * switching between adapters copies nothing. The cache is emptied, for it was computed with the one before.
   *
   * @throws RangeError when a matrix does not fit the model; the adapter before stays in force
   */
  setAdapter(adapter: LlamaAdapter | null): void {
    if (this.#adapters.use(adapter)) this.truncate(0);
  }

  /** Frees what an adapter holds; if it is in force, the base model is from now on. */
  releaseAdapter(adapter: LlamaAdapter): void {
    if (adapter === this.adapter) this.setAdapter(null);
    this.#adapters.release(adapter);
  }

  /** Forgets all but the first tokens of the sequence. */
  truncate(length: number): void {
    this.#cache.truncate(length);
  }

  /**
   * Appends tokens to the sequence and returns the logits [vocabulary] for what follows them.
   *
   * @throws RangeError when the context is full; DOMException AbortError between chunks of a long prompt; AttuneError
   *   `engine/out-of-memory`, which may leave the sequence empty: see {@link length}
   */
  async append(tokens: readonly number[], signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    if (tokens.length === 0) throw new RangeError('append needs at least one token.');
    for (let at = 0; at < tokens.length; at += CHUNK) {
      signal?.throwIfAborted();
      await this.#run(tokens.slice(at, at + CHUNK));
    }
    return (await this.#logits.read()) as Float32Array<ArrayBuffer>;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    this.#cache.dispose();
    this.#logits.dispose();
    this.#adapters.dispose();
  }

  async #run(tokens: readonly number[]): Promise<void> {
    const { hidden } = this.config;
    const total = this.#cache.length + tokens.length;
    await this.#cache.reserve(total);
    const rows = embeddingRows(this.#embedding, tokens);
    const step = allOrNone(this.runtime, (allocator) =>
      stepInputs(allocator, this.config, this.#kernels, this.#cache.length, tokens.length).set(
        'x',
        allocator.tensor('float32', [tokens.length, hidden], rows),
      ),
    );
    const inputs = new Map([...this.#adapters.inputs, ...step, ...this.#cache.inputs]);
    try {
      await this.#session.run(inputs, new Map([['logits', this.#logits], ...this.#cache.outputs]));
      this.#cache.length = total;
    } finally {
      for (const tensor of step.values()) tensor.dispose();
    }
  }
}

/**
 * A session of a serving graph, with the bytes of its weights.
 *
 * @throws AttuneError `engine/out-of-memory`, `engine/load-failed`
 */
export async function llamaSession(
  { model, readers }: LlamaGraph,
  runtime: ResidentRuntime,
  name = 'the model',
): Promise<{ session: ResidentSession; bytes: number }> {
  let bytes = model.externalData.reduce((sum, { data }) => sum + data.length, model.bytes.length);
  const counted = new Map(
    [...readers].map(([path, read]) => [
      path,
      () => {
        const data = read();
        bytes += data.length;
        return data;
      },
    ]),
  );
  return { session: await runtime.createSession(model, counted, name), bytes };
}

/** What is made around a session; where that fails, the session ends, for nobody else knows of it. */
export async function orDispose<T>(session: ResidentSession, make: () => T): Promise<T> {
  try {
    return make();
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

/** The rows of an embedding table, decoded: [tokens, hidden]. */
export function embeddingRows(table: StoredMatrix, tokens: readonly number[]): Float32Array<ArrayBuffer> {
  const { columns } = table;
  const rows = new Float32Array(tokens.length * columns);
  tokens.forEach((token, i) => table.toFloat32(token, token + 1, rows.subarray(i * columns, (i + 1) * columns)));
  return rows;
}
