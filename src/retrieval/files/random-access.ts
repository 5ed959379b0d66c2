/** The part of `FileSystemSyncAccessHandle` that indexes need; tests and benches in Node give the same over `fs`. */
export interface RandomAccessFile {
  getSize(): number;
  /** @returns bytes read: fewer than asked only at the end of the file. */
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(bytes: number): void;
  /** Returns when everything written is on disk. */
  flush(): void;
}

/** Where the files of indexes lie. */
export interface FileSpace {
  /**
   * Opens files of a folder, made when absent, for the duration of `use`; nobody else, in this tab or another, has them
   * open meanwhile. Calls for the same folder wait for each other, so `use` must be short and must not call this again.
   */
  withFiles<T>(
    folder: string,
    names: readonly string[],
    use: (...files: RandomAccessFile[]) => T | Promise<T>,
  ): Promise<T>;
  /** Deletes a folder and all below it; nothing happens when it is not there. */
  remove(folder: string): Promise<void>;
  /** Runs `use` while nobody else, in this tab or another, holds the same name. */
  exclusively<T>(name: string, use: () => Promise<T>): Promise<T>;
}

/**
 * Writes all bytes or throws.
 *
 * @throws DOMException QuotaExceededError when the disk is full: browsers say so by a short write as well as by throwing.
 */
export function writeAll(file: RandomAccessFile, bytes: Uint8Array, at: number): void {
  if (file.write(bytes, { at }) < bytes.byteLength) {
    throw new DOMException('The disk is full.', 'QuotaExceededError');
  }
}
