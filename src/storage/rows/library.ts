import type { Problem } from '../../errors/attune-error.ts';

/** Documents, their text, passages and indexes; the workspace that they lie in. */

export interface WorkspaceRow {
  id: string;
  name: string;
  createdAt: number;
  updatedAt: number;
  /** Overrides of the settings that domains export as data (chunking, retrieval, prompting); absent keys mean the default. */
  settings: Record<string, unknown>;
}

export type DocumentFormat = 'text' | 'markdown' | 'html' | 'pdf' | 'docx' | 'epub' | 'csv' | 'json' | 'jsonl' | 'code';

/** waiting: bytes are stored, nothing read; reading: a worker is at it; ready: chunks are committed; failed: see problem. */
export type DocumentStatus = 'waiting' | 'reading' | 'ready' | 'failed';

export interface DocumentRow {
  id: string;
  workspaceId: string;
  /** Folder and name as added, with '/' between; unique within a workspace. */
  path: string;
  name: string;
  /** The folder part of `path`, '' at the top. */
  folder: string;
  format: DocumentFormat;
  /** Size of the original file. */
  bytes: number;
  /** SHA-256 of the original file, hex. */
  contentHash: string;
  status: DocumentStatus;
  problem?: Problem;
  title?: string;
  /** ISO 639-1, detected from the text. */
  language?: string;
  pageCount?: number;
  chunkCount: number;
  addedAt: number;
  /** Bumped by every change of the document or its chunks: the search index looks for changes by it. */
  updatedAt: number;
}

/** The file as it was added: kept so that better parsers can read it again and a workspace can be carried away. */
export interface OriginalRow {
  documentId: string;
  workspaceId: string;
  blob: Blob;
}

export type BlockKind = 'heading' | 'paragraph' | 'list' | 'table' | 'code' | 'quote';

/** A structural piece of a document's text; `start`..`end` (exclusive) are offsets into {@link DocumentTextRow.text}. */
export interface TextBlock {
  kind: BlockKind;
  start: number;
  end: number;
  /** Heading level 1-6. */
  level?: number;
  /** First page of the block, from 1 (PDF). */
  page?: number;
}

/** What the parser made of a file. Kept apart from the document row so that lists stay cheap. */
export interface DocumentTextRow {
  documentId: string;
  workspaceId: string;
  text: string;
  blocks: TextBlock[];
  /** Offset at which each page begins, page 1 first (PDF). */
  pageStarts?: number[];
}

export interface ChunkRow {
  id: string;
  workspaceId: string;
  documentId: string;
  /** Position within the document, from 0. */
  ordinal: number;
  /** Offsets into the document's text: `text.slice(start, end) === chunk.text`. */
  start: number;
  end: number;
  text: string;
  /** Titles of the headings above, outermost first; embedded together with the text. */
  headings: string[];
  page?: number;
  /** Length in the embedder's tokens. */
  tokens: number;
  /** SHA-256 over headings and text, 64 hex digits: equal hashes need no second embedding. */
  hash: string;
  /** Id of the earlier chunk that says nearly the same. */
  nearDuplicateOf?: string;
}

/** MinHash signatures of those chunks of a document that are no near-duplicates; later chunks are compared with them. */
export interface ChunkSignatureRow {
  documentId: string;
  workspaceId: string;
  chunkIds: string[];
  /** [chunkIds.length, bins], row-major. */
  signatures: Uint16Array<ArrayBuffer>;
}

/**
 * One vector index: an (embedder, adapter) pair of a workspace; several lie side by side. The vectors themselves, each
 * filed under the hash of the chunk that it stands for, lie in OPFS: see `src/retrieval/vectors/README.md`. A chunk has
 * a vector when its hash is in there, so deleting a chunk needs no write here.
 */
export interface VectorIndexRow {
  /** `workspaceId/embedderId`. */
  id: string;
  workspaceId: string;
  embedderId: string;
  /** Adapter of the embedder; absent: the base model. */
  adapterId?: string;
  /** Endpoint that made the vectors; absent: this machine. */
  endpointId?: string;
  dimensions: number;
  /** Vectors that are filed. */
  count: number;
  /** Grows with every commit: another tab that has read an older one reads the files again. */
  revision: number;
  updatedAt: number;
}
