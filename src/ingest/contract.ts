import type { Problem } from '../errors/attune-error.ts';

/** A file to be added. Folders and zips are opened by the service; `path` keeps their inner structure. */
export interface SourceFile {
  /** Path with '/' between folders; the name is its last part. */
  path: string;
  blob: Blob;
}

/** What `add` did with the sources, in counts and, for those refused at once, with the reason. */
export interface AddResult {
  added: number;
  /** Same path, other content: queued to be read again. */
  changed: number;
  /** Same path, same content: nothing done. */
  unchanged: number;
  refused: { path: string; problem: Problem }[];
}

export interface IngestProgress {
  /** Files finished and files known. */
  done: number;
  total: number;
  /** The file being read now, and the share of it that is done, 0-1. */
  path?: string;
  share?: number;
  secondsLeft?: number;
}

/**
 * Files in, documents and chunks out (rows in IndexedDB). Every step is committed as it ends: `run` after a crash goes
 * on where the last commit stood. Only the tab that owns the workspace's writes calls it.
 */
export interface IngestService {
  /** Stores the files as `waiting` documents (zips opened, hashes compared). Nothing is parsed yet. */
  add(workspaceId: string, sources: SourceFile[], onProgress?: (progress: IngestProgress) => void): Promise<AddResult>;
  /** Reads and chunks every document that is `waiting` or was left `reading`. Ends when none is left, or on `stop`. */
  run(workspaceId: string, onProgress?: (progress: IngestProgress) => void): Promise<void>;
  /** Ends a running `add` or `run` after the commit in progress; what waits goes on waiting. Used for pause and cancel. */
  stop(workspaceId: string): Promise<void>;
  /** Sets the documents back to `waiting`: after a change of the chunk settings, or to retry failed ones. */
  requeue(workspaceId: string, documentIds: string[]): Promise<void>;
  /** Deletes documents with everything of them: original, text, chunks, vector slots. */
  remove(workspaceId: string, documentIds: string[]): Promise<void>;
}
