import { AttuneError } from '../errors/attune-error.ts';
import type {
  ChatEngine,
  ChatTurn,
  EngineInfo,
  GenerationOptions,
  GenerationService,
  LoadProgress,
  ModelChoice,
  StreamPiece,
} from './contract.ts';

export type EngineLoader = (choice: ModelChoice, onProgress?: (progress: LoadProgress) => void) => Promise<ChatEngine>;

interface OpenStream {
  pieces: AsyncIterator<StreamPiece>;
  abort: AbortController;
}

/** One engine at a time, and its streams by number, for a caller on the other side of a worker. */
export class Generation implements GenerationService {
  #loadEngine: EngineLoader;
  #engine: ChatEngine | null = null;
  #streams = new Map<number, OpenStream>();
  #lastStream = 0;
  #loading: Promise<unknown> = Promise.resolve();

  constructor(loadEngine: EngineLoader) {
    this.#loadEngine = loadEngine;
  }

  load(choice: ModelChoice, onProgress?: (progress: LoadProgress) => void): Promise<EngineInfo> {
    return this.#enqueue(async () => {
      const loaded = this.#engine?.info;
      if (loaded?.engine === choice.engine && loaded.modelId === choice.modelId) return loaded;
      // The old engine goes first: two models at once are what fills a tab's memory.
      await this.#drop();
      this.#engine = await this.#loadEngine(choice, onProgress);
      return this.#engine.info;
    });
  }

  async current(): Promise<EngineInfo | null> {
    return this.#engine?.info ?? null;
  }

  async countTokens(turns: ChatTurn[]): Promise<number> {
    return this.#need().countTokens(turns);
  }

  async begin(turns: ChatTurn[], options: GenerationOptions): Promise<number> {
    const engine = this.#need();
    // An engine has one sequence: a new stream ends the ones before it.
    await this.#endStreams();
    const abort = new AbortController();
    const number = ++this.#lastStream;
    const pieces = engine.stream(turns, options, abort.signal)[Symbol.asyncIterator]();
    this.#streams.set(number, { pieces, abort });
    return number;
  }

  async next(stream: number): Promise<StreamPiece> {
    const open = this.#streams.get(stream);
    if (!open) return { text: '', done: true };
    try {
      const result = await open.pieces.next();
      const piece: StreamPiece = result.done ? { text: '', done: true } : result.value;
      if (piece.done) this.#streams.delete(stream);
      return piece;
    } catch (error) {
      this.#streams.delete(stream);
      throw error;
    }
  }

  async stop(stream: number): Promise<void> {
    this.#streams.get(stream)?.abort.abort();
  }

  unload(): Promise<void> {
    return this.#enqueue(() => this.#drop());
  }

  #need(): ChatEngine {
    if (this.#engine) return this.#engine;
    throw new AttuneError('generation/no-model', 'No answer model is loaded.', 'Choose an answer model in Models.');
  }

  async #endStreams(): Promise<void> {
    const open = [...this.#streams.values()];
    this.#streams.clear();
    for (const { abort } of open) abort.abort();
    // `return` waits for a token in the making, so that two never run at once.
    await Promise.all(open.map(async ({ pieces }) => pieces.return?.().catch(() => undefined)));
  }

  async #drop(): Promise<void> {
    await this.#endStreams();
    const engine = this.#engine;
    this.#engine = null;
    await engine?.dispose();
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#loading.then(task);
    this.#loading = result.catch(() => undefined);
    return result;
  }
}
