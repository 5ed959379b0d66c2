import type { DatasetSplit } from '../storage/schema.ts';

export interface DatasetImportOptions {
  /** Absent: the file's name. */
  name?: string;
  /** Of the split; absent: 1. */
  seed?: number;
}

/** A row that was left out. */
export interface RefusedRow {
  /** Row of the file from 1: line of a JSONL or record of a CSV file, question of a SQuAD file. */
  row: number;
  reason: string;
}

export interface DatasetImport {
  datasetId: string;
  name: string;
  counts: Record<DatasetSplit, number>;
  /** Rows whose passage was found in the workspace's documents. */
  attached: number;
  refused: RefusedRow[];
  /** What the reader should know of how it was split, in one sentence; absent when by documents as usual. */
  note?: string;
}

/**
 * Data sets of a workspace: rows (`DatasetRow`, `ExampleRow`) that screens read by themselves. Runs in a worker.
 *
 * Files: JSONL (one object per line), JSON (an array of such objects, or SQuAD), CSV or TSV with a header. A row has a
 * question, an answer, and a passage or a document with a quote; see `columns.ts` for the names that are understood.
 */
export interface DatasetService {
  /** @throws AttuneError `datasets/*` naming the file and what is wrong when no row of it can be used */
  import(workspaceId: string, file: File, options?: DatasetImportOptions): Promise<DatasetImport>;
  /** The questions on the sample documents that come with the app. @throws AttuneError `samples/missing` */
  importSamples(workspaceId: string): Promise<DatasetImport>;
  rename(datasetId: string, name: string): Promise<void>;
  /** Deletes a data set with its rows; runs that used it keep its hash. */
  remove(datasetId: string): Promise<void>;
}
