/** What an export carries besides documents, passages, settings and chats. */
export interface ExportOptions {
  /** Vectors are large but can be computed again from the passages. */
  vectors: boolean;
}

export interface ArchiveProgress {
  /** Documents written or read. */
  done: number;
  total: number;
}

export interface ImportResult {
  workspaceId: string;
  /** The name in the archive, with a number behind it when there was one of that name already. */
  name: string;
}

/** Workspaces to and from one .zip. Runs in a worker; at most one export or import at a time. */
export interface WorkspaceArchives {
  /** @throws AttuneError `workspace/unknown`; AbortError after `cancel`. */
  exportWorkspace(
    workspaceId: string,
    options: ExportOptions,
    onProgress?: (progress: ArchiveProgress) => void,
  ): Promise<Blob>;
  /**
   * Makes a new workspace of an exported one; what is there already is never touched. Nothing is left behind when it
   * fails.
   *
   * @throws AttuneError `workspace/not-an-export`, `workspace/too-new`, `workspace/damaged`, `storage/full`, `archive/…`;
   * AbortError after `cancel`.
   */
  importWorkspace(archive: Blob, onProgress?: (progress: ArchiveProgress) => void): Promise<ImportResult>;
  /** Ends the export or import in progress. */
  cancel(): Promise<void>;
}
