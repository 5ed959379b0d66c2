import type { Problem } from '../errors/attune-error.ts';

/** Rows of the IndexedDB database. Times are milliseconds since 1970, sizes bytes, offsets UTF-16 code units. */

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
  dimensions: number;
  /** Vectors that are filed. */
  count: number;
  /** Grows with every commit: another tab that has read an older one reads the files again. */
  revision: number;
  updatedAt: number;
}

export type JobKind = 'ingest' | 'embed' | 'import' | 'export' | 'download' | 'generate' | 'train' | 'evaluate';
export type JobState = 'running' | 'paused' | 'done' | 'cancelled' | 'failed';

/** A long-running piece of work, in the database so that the jobs tray looks the same after a reload. */
export interface JobRow {
  id: string;
  workspaceId: string | null;
  kind: JobKind;
  title: string;
  state: JobState;
  done: number;
  total: number;
  /** Plural noun of what is counted: "passages", "files", "bytes". */
  unit: string;
  secondsLeft?: number;
  /** The file being worked on now and the share of it that is done, 0-1. */
  current?: { path: string; share?: number };
  problem?: Problem;
  startedAt: number;
  updatedAt: number;
}

export interface ChatRow {
  id: string;
  workspaceId: string;
  title: string;
  createdAt: number;
  updatedAt: number;
}

/** A passage as it was shown to the model; copied, so that an old answer stays readable after its document is gone. */
export interface PassageSnapshot {
  /** Number in the prompt and in citations, from 1. */
  number: number;
  chunkId: string;
  documentId: string;
  documentName: string;
  path: string;
  headings: string[];
  page?: number;
  start: number;
  end: number;
  text: string;
  score: number;
  denseRank?: number;
  lexicalRank?: number;
}

/** A sentence of an answer with the passages that hold it up; offsets into the message's text. */
export interface SentenceSupport {
  start: number;
  end: number;
  /** Passage numbers; empty: no passage supports the sentence. */
  passages: number[];
  /** cited: the model wrote [n] and it holds; matched: found by overlap and similarity; none: unsupported. */
  basis: 'cited' | 'matched' | 'none';
}

export interface AnswerStats {
  engine: string;
  model: string;
  adapters: string[];
  device: string;
  promptTokens: number;
  outputTokens: number;
  secondsToFirstToken: number;
  tokensPerSecond: number;
  retrievalSeconds: number;
}

export interface MessageRow {
  id: string;
  chatId: string;
  workspaceId: string;
  role: 'user' | 'assistant';
  text: string;
  createdAt: number;
  /** answer: from a generator; extractive: the documents' own sentences; notFound: nothing fits; stopped: cut by the user. */
  kind?: 'answer' | 'extractive' | 'notFound' | 'stopped' | 'failed';
  /** What the answer model wrote, where nothing of it held and the documents' own sentences answer in its place. */
  replacedText?: string;
  /** The question as it was searched, when a follow-up was condensed with its history. */
  searchedAs?: string;
  passages?: PassageSnapshot[];
  support?: SentenceSupport[];
  stats?: AnswerStats;
  problem?: Problem;
  feedback?: { vote: 'up' | 'down'; correctedAnswer?: string; at: number };
}

/** App-wide settings by key (theme, last workspace, chosen models). */
export interface SettingRow {
  key: string;
  value: unknown;
}

export type ModelRole = 'embedder' | 'generator' | 'reranker';
export type ModelFormat = 'gguf' | 'safetensors' | 'onnx' | 'mlc';

/** A model that the user added. Starter models come from the manifest that set-up writes and have no row. */
export interface ModelRow {
  id: string;
  name: string;
  role: ModelRole;
  format: ModelFormat;
  architecture: string;
  /** Files in OPFS under `models/<id>/`. */
  files: { name: string; bytes: number; sha256: string }[];
  bytes: number;
  licence: string;
  /** Where it came from, in words: "file from this computer", a hub's repository name. */
  source: string;
  addedAt: number;
}

/** An OpenAI-compatible endpoint. Off until switched on; its key lies in `secrets` and never in an export. */
export interface EndpointRow {
  id: string;
  name: string;
  /** Ends before `/chat/completions`, e.g. `http://localhost:11434/v1`. */
  baseUrl: string;
  model: string;
  enabled: boolean;
  /** Context of the model, where the server tells it. */
  contextTokens?: number;
}

export interface SecretRow {
  id: string;
  value: string;
}
