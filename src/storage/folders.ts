/**
 * Small files in named folders: checkpoints and adapters. In the app they lie in the browser's private file system; tests
 * and scripts bring their own.
 */
export interface Folders {
  /** Names of the files in a folder; none where there is no such folder. */
  list(folder: string): Promise<string[]>;
  read(folder: string, name: string): Promise<Blob | undefined>;
  /** Whole or not at all: after a crash the file is the new one or the one before. */
  write(folder: string, name: string, content: Blob): Promise<void>;
  removeFile(folder: string, name: string): Promise<void>;
  /** With everything in it. */
  removeFolder(folder: string): Promise<void>;
}

/** The browser's private file system (OPFS). Writes go to a swap file that takes the place of the old one when closed. */
export const opfsFolders: Folders = {
  async list(folder) {
    const directory = await find(folder);
    const names: string[] = [];
    if (directory) for await (const [name, handle] of directory.entries()) if (handle.kind === 'file') names.push(name);
    return names.sort();
  },
  async read(folder, name) {
    const directory = await find(folder);
    return directory && absentAsUndefined(async () => (await directory.getFileHandle(name)).getFile());
  },
  async write(folder, name, content) {
    const directory = (await find(folder, true))!;
    const writable = await (await directory.getFileHandle(name, { create: true })).createWritable();
    await content.stream().pipeTo(writable);
  },
  async removeFile(folder, name) {
    const directory = await find(folder);
    await absentAsUndefined(async () => directory?.removeEntry(name));
  },
  async removeFolder(folder) {
    const parts = folder.split('/');
    const parent = await find(parts.slice(0, -1).join('/'));
    await absentAsUndefined(async () => parent?.removeEntry(parts.at(-1)!, { recursive: true }));
  },
};

async function find(folder: string, create = false): Promise<FileSystemDirectoryHandle | undefined> {
  let directory: FileSystemDirectoryHandle | undefined = await navigator.storage.getDirectory();
  for (const part of folder.split('/').filter((name) => name !== '')) {
    const parent: FileSystemDirectoryHandle = directory;
    directory = await absentAsUndefined(() => parent.getDirectoryHandle(part, { create }));
    if (!directory) return undefined;
  }
  return directory;
}

async function absentAsUndefined<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if ((error as Error).name === 'NotFoundError') return undefined;
    throw error;
  }
}
