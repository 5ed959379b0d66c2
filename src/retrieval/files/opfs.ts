import { AttuneError } from '../../errors/attune-error.ts';
import type { FileSpace, RandomAccessFile } from './random-access.ts';

const ROOT = 'retrieval';

/** After a tab was killed its handles live on for a moment, though its locks are already gone. */
const TRIES = 40;
const PAUSE_MS = 50;

/**
 * Index files in the origin private file system, below `retrieval/`. For workers: sync access handles exist only there.
 *
 * Handles are exclusive and opened per use under a Web Lock instead of being kept: so a tab that only searches reads
 * between the batches of the tab that writes, in every browser (shared handle modes exist in Chromium alone).
 */
export const opfsFiles: FileSpace = {
  withFiles: (folder, names, use) =>
    navigator.locks.request(lockName(folder), async () => {
      const directory = await openDirectory(folder, true);
      const handles: FileSystemSyncAccessHandle[] = [];
      try {
        for (const name of names) handles.push(await openFile(directory!, name));
        return await use(...(handles as RandomAccessFile[]));
      } finally {
        for (const handle of handles) handle.close();
      }
    }),

  remove: (folder) =>
    navigator.locks.request(lockName(folder), async () => {
      const parts = folder.split('/');
      const name = parts.pop()!;
      const parent = await openDirectory(parts.join('/'), false);
      await whenFree(name, async () => {
        await parent?.removeEntry(name, { recursive: true }).catch((error: unknown) => {
          if (!isNamed(error, 'NotFoundError')) throw error;
        });
      });
    }),

  exclusively: (name, use) => navigator.locks.request(lockName(name), use),
};

function lockName(folder: string): string {
  return `attune/${ROOT}/${folder}`;
}

async function openDirectory(folder: string, create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    let directory = await navigator.storage.getDirectory();
    for (const part of [ROOT, ...folder.split('/').filter(Boolean)]) {
      directory = await directory.getDirectoryHandle(part, { create });
    }
    return directory;
  } catch (error) {
    if (!create && isNamed(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

async function openFile(directory: FileSystemDirectoryHandle, name: string): Promise<FileSystemSyncAccessHandle> {
  const file = await directory.getFileHandle(name, { create: true });
  return whenFree(name, () => file.createSyncAccessHandle());
}

/** Tries again for as long as a handle of somebody else is still open. */
async function whenFree<T>(name: string, use: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await use();
    } catch (error) {
      if (!isNamed(error, 'NoModificationAllowedError')) throw error;
      if (tries === TRIES) {
        throw new AttuneError(
          'retrieval/index-in-use',
          `The search index file "${name}" is held open by another tab.`,
          'Close other tabs of Attune and try again.',
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
