import type { LinearAdapter } from '../engine/adapters/linear-adapter.ts';
import type { LoraAdapter } from '../engine/adapters/lora-adapter.ts';
import type { Problem } from '../errors/attune-error.ts';
import type { AdapterRow, FoundPassage } from '../storage/schema.ts';

/** An adapter in words. */
export interface AdapterName {
  id: string;
  name: string;
}

/** An adapter of a search model in force: see {@link AdapterRow.denseWeight}. */
export type SearchAdapter = AdapterName & Pick<AdapterRow, 'denseWeight'>;

/** An adapter for a search or ranking model, with its matrices. */
export type ModelAdapter = SearchAdapter & { sha256: string } & (
    { kind: 'lora'; adapter: LoraAdapter } | { kind: 'linear'; adapter: LinearAdapter }
  );

/** Turns texts into unit-length vectors. A tuned embedder is another one with another `id`. */
export interface Embedder {
  /** Names model, quantisation and adapter: two embedders with equal ids give passages equal vectors. */
  readonly id: string;
  /** What it is tuned with; absent: the base model. */
  readonly adapter?: SearchAdapter;
  /** The endpoint that texts are sent to; absent: they stay on this machine. */
  readonly endpoint?: { id: string; host: string };
  /** Tuned for questions alone: its passages have the base model's vectors, id and index. */
  readonly sharesIndex?: boolean;
  readonly dimensions: number;
  /** Longest input in tokens; longer texts are cut. */
  readonly maxTokens: number;
  /** Where it runs and how fast it was when measured, e.g. "wasm, 2 threads". */
  readonly device: string;
  /**
   * @param signal ends waiting for another machine; a run on this one ends by itself
   * @returns row-major [texts.length, dimensions], each row of length 1.
   */
  embed(texts: string[], kind: 'query' | 'passage', signal?: AbortSignal): Promise<Float32Array>;
  /**
   * The same model with an adapter, by the same weights in memory. Disposing of it frees nothing of the base.
   *
   * @throws AttuneError `adapters/*` naming what does not fit
   */
  tuned?(adapter: ModelAdapter): Embedder;
  dispose(): Promise<void>;
}

/** Scores passages against a query; higher is better. The slot is empty until a reranker is chosen. */
export interface Reranker {
  readonly id: string;
  /** @throws DOMException AbortError between batches */
  score(query: string, passages: string[], signal?: AbortSignal): Promise<Float32Array>;
  dispose?(): Promise<void>;
}

export interface SearchRequest {
  workspaceId: string;
  query: string;
  /** Number of hits wanted. */
  limit: number;
  mode: 'hybrid' | 'dense' | 'lexical';
  /** Only these documents; absent: all. */
  documentIds?: string[];
  /** Only documents whose path starts with one of these folders; absent: all. */
  folders?: string[];
  /** Join neighbouring chunks of one document into one hit. */
  mergeNeighbours: boolean;
  /** A later search with the same name ends this one's reranking (AbortError): searching while typing. */
  replaces?: string;
}

/** A rank (from 1) within one list, with the score that made it. */
export interface RankInList {
  rank: number;
  score: number;
}

export interface SearchHit extends FoundPassage {
  /** All chunks that the hit covers, in the document's order. */
  chunkIds: string[];
  /** Cosine similarity and rank among the dense results; absent where the dense list did not have it. */
  dense?: RankInList;
  lexical?: RankInList;
  /** Place in the two lists joined (see `fusion.ts`); the score is comparable within one answer only. */
  fused: RankInList;
  rerank?: RankInList;
  /** Words of the document (not stems) that matched the query, for marking. */
  matchedWords: string[];
}

export interface SearchResult {
  hits: SearchHit[];
  /** Wall-clock milliseconds of the parts. */
  milliseconds: { embed: number; dense: number; lexical: number; rerank: number; total: number };
  /** Chunks not yet in the vector index: found by words only. */
  chunksWithoutVector: number;
  /** Adapter of the embedder that answered, whose similarities are not the base model's; absent: the base answered. */
  tunedBy?: AdapterName;
  /** Host that the question was sent to, whose similarities are not the base model's either. */
  sentTo?: string;
  /** Why words alone were searched, although meaning was wanted. */
  problem?: Problem;
}

export interface IndexStatus {
  workspaceId: string;
  /** The embedder that the workspace wants: the base model, an endpoint's, or one of them with its adapter. */
  embedderId: string;
  adapter?: AdapterName;
  /**
   * The embedder whose index answers. It differs while the wanted one's index is being built: then the one before goes
   * on answering.
   */
  answering: { embedderId: string; adapter?: AdapterName };
  device: string;
  chunks: number;
  /** Chunks that have a vector. */
  embedded: number;
  dimensions: number;
  /** Host that passages and questions are sent to; absent: they stay on this machine. */
  sentTo?: string;
  /** Why the chosen search model could not be loaded; search goes by words meanwhile. */
  problem?: Problem;
  /** Why an adapter could not be put in force; search goes on without it. */
  adapterProblem?: Problem;
}

export interface EmbedProgress {
  done: number;
  total: number;
  secondsLeft?: number;
}

/**
 * Chunks in, ranked hits out. The index is derived from the chunks: `sync` embeds what lacks a vector and drops what
 * is gone, so it can be killed at any point and called again.
 */
export interface RetrievalService {
  /** Loads the embedder if need be. Without one (weights absent) search is lexical and `embedderId` is ''. */
  status(workspaceId: string): Promise<IndexStatus>;
  /** @throws AttuneError when the chosen embedder cannot be loaded; the words are indexed by search itself. */
  sync(workspaceId: string, onProgress?: (progress: EmbedProgress) => void): Promise<void>;
  /** Ends a running `sync` after the batch in progress. */
  stop(workspaceId: string): Promise<void>;
  search(request: SearchRequest): Promise<SearchResult>;
  /**
   * Cosine similarity of every sentence to every passage, row-major [sentences, passages]; used to attribute answers.
   * Always by the base model, on whose similarities thresholds were calibrated. All zeros without an embedder.
   */
  similarities(sentences: string[], passages: string[]): Promise<Float32Array>;
  /** Deletes every vector file and row of a workspace. */
  removeWorkspace(workspaceId: string): Promise<void>;
  /** Deletes the vectors that were made with an adapter, in all workspaces. */
  removeAdapter(adapterId: string): Promise<void>;
  /** Deletes the vectors that an endpoint made, in all workspaces. */
  removeEndpoint(endpointId: string): Promise<void>;
}
