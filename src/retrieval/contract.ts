import type { Problem } from '../errors/attune-error.ts';

/** Turns texts into unit-length vectors. A tuned embedder is another implementation with another `id`. */
export interface Embedder {
  /** Names model, quantisation and adapter: two embedders with equal ids give equal vectors. */
  readonly id: string;
  readonly dimensions: number;
  /** Longest input in tokens; longer texts are cut. */
  readonly maxTokens: number;
  /** Where it runs and how fast it was when measured, e.g. "wasm, 2 threads". */
  readonly device: string;
  /** @returns row-major [texts.length, dimensions], each row of length 1. */
  embed(texts: string[], kind: 'query' | 'passage'): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Scores passages against a query; higher is better. The slot is empty until a reranker is chosen. */
export interface Reranker {
  readonly id: string;
  score(query: string, passages: string[]): Promise<Float32Array>;
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
}

/** A rank (from 1) within one list, with the score that made it. */
export interface RankInList {
  rank: number;
  score: number;
}

export interface SearchHit {
  /** The chunk that was found, or the best of the merged neighbours. */
  chunkId: string;
  /** All chunks that the hit covers, in the document's order. */
  chunkIds: string[];
  documentId: string;
  documentName: string;
  path: string;
  headings: string[];
  page?: number;
  /** Offsets into the document's text. */
  start: number;
  end: number;
  text: string;
  /** Final score, comparable within one answer only. */
  score: number;
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
}

export interface IndexStatus {
  workspaceId: string;
  embedderId: string;
  device: string;
  chunks: number;
  /** Chunks that have a vector. */
  embedded: number;
  dimensions: number;
  /** Why the chosen search model could not be loaded; search goes by words meanwhile. */
  problem?: Problem;
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
   * All zeros without an embedder.
   */
  similarities(sentences: string[], passages: string[]): Promise<Float32Array>;
  /** Deletes every vector file and row of a workspace. */
  removeWorkspace(workspaceId: string): Promise<void>;
}
