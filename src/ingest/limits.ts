import type { DocumentFormat } from '../storage/schema.ts';

const MB = 1_000_000;

/**
 * Largest original file per format, in bytes. Text formats become one string plus its chunks in one transaction;
 * 64 MB are about 30,000 pages, beyond that embedding takes hours on a laptop. PDFs are mostly pictures and fonts.
 */
export const maxFileBytes: Record<DocumentFormat, number> = {
  text: 64 * MB,
  markdown: 64 * MB,
  html: 64 * MB,
  csv: 64 * MB,
  json: 64 * MB,
  jsonl: 64 * MB,
  code: 16 * MB,
  pdf: 400 * MB,
  docx: 200 * MB,
  epub: 200 * MB,
};

/** Longest text that a parser may make of a file, in UTF-16 code units. */
export const maxTextLength = 64 * MB;

export interface ArchiveLimits {
  entries: number;
  /** Unpacked bytes of all entries together. */
  totalBytes: number;
  /** Unpacked bytes of one entry. */
  entryBytes: number;
  /** Unpacked over packed size. Text reaches about 20, logs 100; deflate cannot exceed 1032, which bombs come near to. */
  ratio: number;
  /** The ratio only counts for entries above this size: small files of one repeated line are harmless. */
  ratioFromBytes: number;
  /** Archives within archives. */
  depth: number;
}

export const archiveLimits: ArchiveLimits = {
  entries: 20_000,
  totalBytes: 4000 * MB,
  entryBytes: 400 * MB,
  ratio: 200,
  ratioFromBytes: 10 * MB,
  depth: 3,
};
