export interface ChatTurn {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A JSON Schema as a plain object, which a worker can be sent. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Sampling knobs; their defaults and ranges are in `settings.ts` as data. */
export interface GenerationOptions {
  maxNewTokens: number;
  /** 0: greedy. */
  temperature: number;
  topP: number;
  topK: number;
  repetitionPenalty: number;
  seed?: number;
  /**
   * Adapter to answer with, an `AdapterDescription.id`; null or absent: the bare model. The weights stay loaded, so base
   * and tuned answers may follow each other; engines that take no adapters ignore it.
   */
  adapter?: string | null;
  /** The reply is to be JSON of this schema. Our engine and web-llm hold the model to it; others may not. */
  json?: JsonSchema;
}

export interface LoadProgress {
  /** What is happening, in words: "reading weights", "compiling". */
  stage: string;
  done: number;
  total: number;
}

/** How an answer went, known when the stream ended. */
export interface GenerationStats {
  promptTokens: number;
  outputTokens: number;
  secondsToFirstToken: number;
  tokensPerSecond: number;
  /** Whoever answered did not count the tokens itself. */
  estimated?: true;
  /** Names of the adapters that it was written with; absent: an engine that takes none. */
  adapters?: string[];
}

/** What is known of an engine once it is loaded. */
export interface EngineInfo {
  /** Which implementation: `local` (our graphs), `transformers`, `webllm`, `endpoint`. */
  engine: EngineKind;
  modelId: string;
  modelName: string;
  /** "wasm, 2 threads", "WebGPU: NVIDIA …", "example.com". */
  device: string;
  contextTokens: number;
  /** Size of the model, where it is known: small ones are spared tasks that they do badly. */
  parameters?: number;
  /** Bytes of memory held by weights and cache; 0 where it is somebody else's memory. */
  memoryBytes: number;
  /** True when the text of a chat leaves this machine. */
  leavesMachine: boolean;
  /** Names of the adapters that are held in memory; which of them answers is said with each stream. */
  adapters: string[];
}

export type EngineKind = 'local' | 'transformers' | 'webllm' | 'endpoint';

/** Which model to load, with which engine. */
export interface ModelChoice {
  engine: EngineKind;
  /** Id of a starter model, a `ModelRow`, a web-llm catalogue entry or an `EndpointRow`. */
  modelId: string;
}

/** A piece of a streamed answer. `done` comes with the statistics and possibly a last piece of text. */
export interface StreamPiece {
  text: string;
  done: boolean;
  stats?: GenerationStats;
}

/**
 * One interface for every generator: in-tab graphs, transformers.js, web-llm, endpoints, later the companion.
 * Implementations are plain classes; screens reach them through `client.ts` and cannot tell which one answers.
 */
export interface ChatEngine {
  readonly info: EngineInfo;
  /** Number of tokens of the conversation in the model's own template, generation prompt included. */
  countTokens(turns: ChatTurn[]): Promise<number>;
  /**
   * Streams an answer. Pull-based: the next token is computed when the consumer asks for it, give or take a small
   * buffer, so that a slow screen slows the producer. Aborting ends the stream with what was said so far.
   *
   * @throws AttuneError `generation/context-full` when the conversation does not fit the context; `adapters/*` when the
   *   adapter is gone or was made for another model.
   */
  stream(turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal): AsyncIterable<StreamPiece>;
  dispose(): Promise<void>;
}

/** The generation worker as seen from the main thread: one engine at a time, streams by number. */
export interface GenerationService {
  /** Loads the model, or returns at once when it is loaded already. The engine before it is disposed of. */
  load(choice: ModelChoice, onProgress?: (progress: LoadProgress) => void): Promise<EngineInfo>;
  current(): Promise<EngineInfo | null>;
  countTokens(turns: ChatTurn[]): Promise<number>;
  /** Starts a stream and gives its number. */
  begin(turns: ChatTurn[], options: GenerationOptions): Promise<number>;
  /** The next piece; the caller asks again until `done`. */
  next(stream: number): Promise<StreamPiece>;
  /** Stops a stream: its next piece is the last. */
  stop(stream: number): Promise<void>;
  unload(): Promise<void>;
}
