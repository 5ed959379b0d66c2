import type { Embedder, ModelAdapter, SearchAdapter } from './contract.ts';

/** Gives the embedder in use. */
export interface EmbedderSource {
  /**
   * The base model; `undefined`: there is none here, and search goes by words alone.
   *
   * @throws AttuneError when the chosen one cannot be loaded.
   */
  current(): Promise<Embedder | undefined>;
  /**
   * The current one with an adapter; absent where there are no adapters.
   *
   * @throws AttuneError when the adapter is gone, damaged or was made for another model.
   */
  tuned?(adapterId: string): Promise<Embedder | undefined>;
}

/** What a source needs to know of the models that are there. */
export interface EmbedderChoice {
  /** Id of the model in force now, undefined when there is none. */
  chosen(): Promise<string | undefined>;
  load(modelId: string): Promise<Embedder>;
  /** Reads an adapter for a model. @throws AttuneError `adapters/*` */
  adapter?(adapterId: string, modelId: string): Promise<ModelAdapter>;
}

interface Loaded {
  modelId: string;
  embedder: Promise<SerialEmbedder>;
  /** By adapter; they share the weights. */
  tuned: Map<string, Promise<Embedder>>;
}

/**
 * Loads the chosen embedder when it is first wanted, and another one when the choice changes. One load at a time; a
 * failed one is forgotten, so that the next call tries again.
 */
export class ChosenEmbedder implements EmbedderSource {
  #choice: EmbedderChoice;
  #loaded: Loaded | undefined;

  constructor(choice: EmbedderChoice) {
    this.#choice = choice;
  }

  async current(): Promise<Embedder | undefined> {
    return (await this.#current())?.embedder;
  }

  async tuned(adapterId: string): Promise<Embedder | undefined> {
    const loaded = await this.#current();
    if (!loaded || !this.#choice.adapter) return undefined;
    const { modelId, tuned } = loaded;
    let tuning = tuned.get(adapterId);
    if (!tuning) {
      tuning = this.#tune(await loaded.embedder, adapterId, modelId);
      tuned.set(adapterId, tuning);
      tuning.catch(() => tuned.delete(adapterId));
    }
    return tuning;
  }

  async #tune(base: SerialEmbedder, adapterId: string, modelId: string): Promise<Embedder> {
    return base.tuned(await this.#choice.adapter!(adapterId, modelId));
  }

  async #current(): Promise<Loaded | undefined> {
    const modelId = await this.#choice.chosen();
    if (this.#loaded?.modelId !== modelId) {
      const before = this.#loaded;
      const embedder = modelId && this.#choice.load(modelId).then((loaded) => new SerialEmbedder(loaded));
      this.#loaded = embedder ? { modelId, embedder, tuned: new Map() } : undefined;
      if (before) void before.embedder.then((old) => old.dispose()).catch(() => undefined);
    }
    const loaded = this.#loaded;
    try {
      await loaded?.embedder;
    } catch (error) {
      if (this.#loaded === loaded) this.#loaded = undefined;
      throw error;
    }
    return loaded;
  }
}

/** Calls that wait for each other. */
class Queue {
  #last: Promise<unknown> = Promise.resolve();

  after<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(call, call);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/**
 * Lets calls wait for each other: a session takes one run at a time, and a question may come in mid-indexing. Base and
 * tuned run in the same session, so they wait in the same queue.
 */
class SerialEmbedder implements Embedder {
  readonly id: string;
  readonly adapter?: SearchAdapter;
  readonly sharesIndex: boolean;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly device: string;
  #inner: Embedder;
  #queue: Queue;

  constructor(inner: Embedder, queue = new Queue()) {
    this.#inner = inner;
    this.#queue = queue;
    this.id = inner.id;
    if (inner.adapter) this.adapter = inner.adapter;
    this.sharesIndex = inner.sharesIndex ?? false;
    this.dimensions = inner.dimensions;
    this.maxTokens = inner.maxTokens;
    this.device = inner.device;
  }

  embed(texts: string[], kind: 'query' | 'passage'): Promise<Float32Array> {
    return this.#queue.after(() => this.#inner.embed(texts, kind));
  }

  /** The base itself where the model takes no adapters. */
  tuned(adapter: ModelAdapter): Embedder {
    return this.#inner.tuned ? new SerialEmbedder(this.#inner.tuned(adapter), this.#queue) : this;
  }

  dispose(): Promise<void> {
    return this.#queue.after(() => this.#inner.dispose());
  }
}
