import { DEFAULT_SCALE } from '../../engine/losses/contrastive.ts';
import type { AdapterDescription } from '../../adapters/contract.ts';
import type { ChatEngine, LoadProgress, ModelChoice } from '../../generation/contract.ts';
import type { Embedder, ModelAdapter, Reranker } from '../../retrieval/contract.ts';
import type { JudgeEngine } from '../judge/ask.ts';
import type { PipelineModel } from '../../storage/schema.ts';

/** What is known of a model before it is loaded. */
export interface DescribedModel {
  /** Names everything that its results depend on: model, adapter, form of its weights, kind of device. */
  identity: string;
  /** For people: "MiniLM", "SmolLM2 with Handbook answers". */
  name: string;
  /** A generator's adapter. */
  adapter?: AdapterDescription;
}

export type PipelineRole = 'embedder' | 'reranker' | 'generator';

/** Where models come from: the app's loaders in the worker, others in Node and in tests. */
export interface ModelSource {
  /** Loads nothing. @throws AttuneError `models/unknown`, `adapters/unknown` */
  describe(model: PipelineModel, role: PipelineRole): Promise<DescribedModel>;
  /** Of this machine, or behind an endpoint. */
  loadEmbedder(model: PipelineModel): Promise<Embedder>;
  /** An adapter for an embedder. */
  readAdapter(adapterId: string, modelId: string): Promise<ModelAdapter>;
  loadReranker(adapterId: string): Promise<Reranker>;
  loadGenerator(choice: ModelChoice, onProgress?: (progress: LoadProgress) => void): Promise<ChatEngine>;
}

/** One thing in memory at a time, by name. */
class Slot<T> {
  #held: { name: string; value: Promise<T> } | undefined;
  readonly #dispose: (value: T) => Promise<void> | undefined;

  constructor(dispose: (value: T) => Promise<void> | undefined) {
    this.#dispose = dispose;
  }

  async get(name: string, load: () => Promise<T>): Promise<T> {
    if (this.#held?.name !== name) {
      // The old one goes first: two models at once are what fills a tab's memory.
      await this.clear();
      this.#held = { name, value: load() };
    }
    const held = this.#held;
    try {
      return await held.value;
    } catch (error) {
      if (this.#held === held) this.#held = undefined;
      throw error;
    }
  }

  async clear(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    const value = await held?.value.catch(() => undefined);
    if (value !== undefined) await this.#dispose(value);
  }
}

/** The models of an evaluation: each is loaded when a result is missing that needs it, and kept until another one comes. */
export class LoadedModels {
  readonly #source: ModelSource;
  readonly #embedder = new Slot<Embedder>((embedder) => embedder.dispose());
  readonly #reranker = new Slot<Reranker>((reranker) => reranker.dispose?.());
  readonly #generator = new Slot<ChatEngine>((engine) => engine.dispose());

  readonly #similarity = new WeakMap<Embedder, Reranker>();
  readonly #described = new Map<string, Promise<DescribedModel>>();

  constructor(source: ModelSource) {
    this.#source = source;
  }

  /** Asked for every answer, found out once. */
  describe(model: PipelineModel, role: PipelineRole): Promise<DescribedModel> {
    const key = JSON.stringify([role, model.engine, model.modelId, model.adapterId]);
    let described = this.#described.get(key);
    if (!described) this.#described.set(key, (described = this.#source.describe(model, role)));
    return described;
  }

  async embedder(model: PipelineModel): Promise<Embedder> {
    const { modelId, adapterId } = model;
    const base = await this.#embedder.get(modelId, () => this.#source.loadEmbedder(model));
    if (!adapterId || !base.tuned) return base;
    return base.tuned(await this.#source.readAdapter(adapterId, modelId));
  }

  /** A ranking model without an adapter is the search model itself: it ranks by the similarity that it sees. */
  async reranker(model: PipelineModel): Promise<Reranker> {
    const { adapterId } = model;
    if (adapterId) return this.#reranker.get(adapterId, () => this.#source.loadReranker(adapterId));
    const embedder = await this.embedder(model);
    const known = this.#similarity.get(embedder) ?? new SimilarityReranker(embedder);
    this.#similarity.set(embedder, known);
    return known;
  }

  generator({ modelId, engine = 'local' }: PipelineModel, onProgress?: (progress: LoadProgress) => void) {
    return this.#generator.get(`${engine} ${modelId}`, () =>
      this.#source.loadGenerator({ engine, modelId }, onProgress),
    );
  }

  /** An answer model, with its adapter, as one that judges. */
  async judge(model: PipelineModel, onProgress?: (progress: LoadProgress) => void): Promise<JudgeEngine> {
    const engine = await this.generator(model, onProgress);
    const adapter = model.adapterId ?? null;
    return { stream: (turns, options, signal) => engine.stream(turns, { ...options, adapter }, signal) };
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#embedder.clear(), this.#reranker.clear(), this.#generator.clear()]);
  }
}

/**
 * What reranking by a model that was not tuned for it comes to: its similarities, scaled to log-odds as in its loss. A
 * passage that several questions find is read once, as in the index.
 */
class SimilarityReranker implements Reranker {
  readonly id: string;
  readonly #embedder: Embedder;
  readonly #vectors = new Map<string, Float32Array>();

  constructor(embedder: Embedder) {
    this.#embedder = embedder;
    this.id = embedder.id;
  }

  async score(query: string, passages: string[]): Promise<Float32Array> {
    const question = await this.#embedder.embed([query], 'query');
    await this.#read(passages.filter((passage) => !this.#vectors.has(passage)));
    return Float32Array.from(passages, (passage) => {
      const vector = this.#vectors.get(passage)!;
      return DEFAULT_SCALE * vector.reduce((sum, value, d) => sum + value * question[d]!, 0);
    });
  }

  async #read(passages: string[]): Promise<void> {
    if (passages.length === 0) return;
    const { dimensions } = this.#embedder;
    const rows = await this.#embedder.embed(passages, 'passage');
    passages.forEach((passage, p) => this.#vectors.set(passage, rows.slice(p * dimensions, (p + 1) * dimensions)));
  }
}
