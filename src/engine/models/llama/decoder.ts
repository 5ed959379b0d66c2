import {
  elementCount,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
} from '../../resident/resident.ts';
import { adaptedGroups, packGroup, type LlamaAdapter } from './adapter.ts';
import type { AttentionKernels } from './attention.ts';
import type { LlamaConfig } from './config.ts';
import { buildLlamaGraph } from './graph.ts';
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
  kernels?: AttentionKernels;
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
  /** The low-rank matrices of every adapter that was in force, the base's zeros among them, as the graph takes them. */
  #packed = new Map<LlamaAdapter | null, ReadonlyMap<string, ResidentTensor>>();
  #logits: ResidentTensor;
  #kernels: AttentionKernels;
  #weightBytes: number;
  #adapter: LlamaAdapter | null = null;

  private constructor(
    loaded: LoadedLlama,
    runtime: ResidentRuntime,
    session: ResidentSession,
    contextTokens: number,
    bytes: number,
    kernels: AttentionKernels,
  ) {
    this.config = loaded.config;
    this.contextTokens = contextTokens;
    this.runtime = runtime;
    this.#session = session;
    this.#embedding = loaded.weights.embedding;
    this.#weightBytes = bytes;
    this.#kernels = kernels;
    this.#cache = new KeyValueCache(runtime, loaded.config, contextTokens);
    this.#logits = runtime.tensor('float32', [1, loaded.config.vocabulary]);
    this.#packed.set(null, this.#pack(null));
  }

  /** @throws AttuneError `engine/out-of-memory`, `engine/load-failed` */
  static async create(loaded: LoadedLlama, runtime: ResidentRuntime, options: DecoderOptions): Promise<LlamaDecoder> {
    const contextTokens = Math.min(loaded.config.contextTokens, options.contextTokens ?? 8192);
    const kernels = options.kernels ?? (runtime.device === 'wasm' ? 'branched' : 'fused');
    const { model, readers } = buildLlamaGraph(loaded.config, loaded.weights, options.layout, contextTokens, kernels);
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
    const session = await runtime.createSession(model, counted, options.name ?? 'the model');
    return new LlamaDecoder(loaded, runtime, session, contextTokens, bytes, kernels);
  }

  /** Tokens in the cache. */
  get length(): number {
    return this.#cache.length;
  }

  /** Bytes held: weights, embedding table, cache, adapters. */
  get memoryBytes(): number {
    let adapters = 0;
    for (const packed of this.#packed.values())
      for (const { shape } of packed.values()) adapters += 4 * elementCount(shape);
    return this.#weightBytes + this.#embedding.bytes.length + this.#cache.bytes + adapters;
  }

  get adapter(): LlamaAdapter | null {
    return this.#adapter;
  }

  /**
   * Puts an adapter in force, or none. Its matrices stay in the runtime's memory until {@link releaseAdapter}, so that
   * switching between adapters copies nothing. The cache is emptied, for it was computed with the one before.
   *
   * @throws RangeError when a matrix does not fit the model; the adapter before stays in force
   */
  setAdapter(adapter: LlamaAdapter | null): void {
    if (adapter === this.#adapter) return;
    if (!this.#packed.has(adapter)) this.#packed.set(adapter, this.#pack(adapter));
    this.#adapter = adapter;
    this.truncate(0);
  }

  /** Frees what an adapter holds; if it is in force, the base model is from now on. */
  releaseAdapter(adapter: LlamaAdapter): void {
    if (adapter === this.#adapter) this.setAdapter(null);
    for (const tensor of this.#packed.get(adapter)?.values() ?? []) tensor.dispose();
    this.#packed.delete(adapter);
  }

  /** Forgets all but the first tokens of the sequence. */
  truncate(length: number): void {
    this.#cache.truncate(length);
  }

  /**
   * Appends tokens to the sequence and returns the logits [vocabulary] for what follows them.
   *
   * @throws RangeError when the context is full; DOMException AbortError between chunks of a long prompt
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
    for (const packed of this.#packed.values()) for (const tensor of packed.values()) tensor.dispose();
    this.#packed.clear();
  }

  async #run(tokens: readonly number[]): Promise<void> {
    const { hidden } = this.config;
    const total = this.#cache.length + tokens.length;
    await this.#cache.reserve(total);
    const rows = new Float32Array(tokens.length * hidden);
    tokens.forEach((token, i) =>
      this.#embedding.toFloat32(token, token + 1, rows.subarray(i * hidden, (i + 1) * hidden)),
    );
    const step = stepInputs(this.runtime, this.config, this.#kernels, this.#cache.length, tokens.length);
    step.set('x', this.runtime.tensor('float32', [tokens.length, hidden], rows));
    const inputs = new Map([...this.#packed.get(this.#adapter)!, ...step, ...this.#cache.inputs]);
    try {
      await this.#session.run(inputs, new Map([['logits', this.#logits], ...this.#cache.outputs]));
      this.#cache.length = total;
    } finally {
      for (const tensor of step.values()) tensor.dispose();
    }
  }

  #pack(adapter: LlamaAdapter | null): Map<string, ResidentTensor> {
    const tensors = new Map<string, ResidentTensor>();
    try {
      for (let layer = 0; layer < this.config.layers; layer++) {
        for (const group of adaptedGroups(this.config, layer)) {
          const { rank, a, b } = packGroup(group, adapter, layer);
          tensors.set(`${group.name}.lora_A`, this.runtime.tensor('float32', [group.inFeatures, rank], a));
          tensors.set(`${group.name}.lora_B`, this.runtime.tensor('float32', [rank, b.length / rank], b));
        }
      }
      return tensors;
    } catch (error) {
      for (const tensor of tensors.values()) tensor.dispose();
      throw error;
    }
  }
}
