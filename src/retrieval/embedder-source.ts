import type { Embedder } from './contract.ts';

/** Gives the embedder in use. `undefined`: there is none here, and search goes by words alone. */
export interface EmbedderSource {
  /** @throws AttuneError when the chosen one cannot be loaded. */
  current(): Promise<Embedder | undefined>;
}

/** What a source needs to know of the models that are there. */
export interface EmbedderChoice {
  /** Id of the model in force now, undefined when there is none. */
  chosen(): Promise<string | undefined>;
  load(modelId: string): Promise<Embedder>;
}

/**
 * Loads the chosen embedder when it is first wanted, and another one when the choice changes. One load at a time; a
 * failed one is forgotten, so that the next call tries again.
 */
export class ChosenEmbedder implements EmbedderSource {
  #choice: EmbedderChoice;
  #loaded: { modelId: string; embedder: Promise<SerialEmbedder> } | undefined;

  constructor(choice: EmbedderChoice) {
    this.#choice = choice;
  }

  async current(): Promise<Embedder | undefined> {
    const modelId = await this.#choice.chosen();
    if (this.#loaded?.modelId !== modelId) {
      const before = this.#loaded;
      const embedder = modelId && this.#choice.load(modelId).then((loaded) => new SerialEmbedder(loaded));
      this.#loaded = embedder ? { modelId, embedder } : undefined;
      if (before) void before.embedder.then((old) => old.dispose()).catch(() => undefined);
    }
    const loaded = this.#loaded;
    try {
      return await loaded?.embedder;
    } catch (error) {
      if (this.#loaded === loaded) this.#loaded = undefined;
      throw error;
    }
  }
}

/** Lets calls wait for each other: a session takes one run at a time, and a question may come in mid-indexing. */
class SerialEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly device: string;
  #inner: Embedder;
  #last: Promise<unknown> = Promise.resolve();

  constructor(inner: Embedder) {
    this.#inner = inner;
    this.id = inner.id;
    this.dimensions = inner.dimensions;
    this.maxTokens = inner.maxTokens;
    this.device = inner.device;
  }

  embed(texts: string[], kind: 'query' | 'passage'): Promise<Float32Array> {
    return this.#after(() => this.#inner.embed(texts, kind));
  }

  dispose(): Promise<void> {
    return this.#after(() => this.#inner.dispose());
  }

  #after<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(call, call);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
