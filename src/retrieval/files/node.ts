import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { FileSpace, RandomAccessFile } from './random-access.ts';

/** Index files in a folder of the file system: tests, benches, headless runs. Knows of one process only. */
export class FolderFiles implements FileSpace {
  #root: string;
  #queues = new Map<string, Promise<unknown>>();

  constructor(root: string) {
    this.#root = root;
  }

  withFiles<T>(
    folder: string,
    names: readonly string[],
    use: (...files: RandomAccessFile[]) => T | Promise<T>,
  ): Promise<T> {
    return this.exclusively(`folder ${folder}`, async () => {
      const path = join(this.#root, folder);
      mkdirSync(path, { recursive: true });
      const handles = names.map((name) => openSync(join(path, name), constants.O_RDWR | constants.O_CREAT));
      try {
        return await use(...handles.map(randomAccess));
      } finally {
        handles.forEach(closeSync);
      }
    });
  }

  async remove(folder: string): Promise<void> {
    rmSync(join(this.#root, folder), { recursive: true, force: true });
  }

  exclusively<T>(name: string, use: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const result = before.then(use, use);
    this.#queues.set(name, result);
    return result;
  }
}

function randomAccess(handle: number): RandomAccessFile {
  return {
    getSize: () => fstatSync(handle).size,
    read: (into, { at }) => readSync(handle, into, 0, into.byteLength, at),
    write: (bytes, { at }) => writeSync(handle, bytes, 0, bytes.byteLength, at),
    truncate: (bytes) => ftruncateSync(handle, bytes),
    flush: () => fsyncSync(handle),
  };
}
