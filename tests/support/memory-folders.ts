import type { Folders } from '../../src/storage/folders.ts';

/** Files in memory, for tests that need no browser. `files` may be looked at and damaged. */
export class MemoryFolders implements Folders {
  readonly files = new Map<string, Blob>();

  async list(folder: string): Promise<string[]> {
    const names = [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`));
    return names.map((path) => path.slice(folder.length + 1)).sort();
  }

  async read(folder: string, name: string): Promise<Blob | undefined> {
    return this.files.get(`${folder}/${name}`);
  }

  async write(folder: string, name: string, content: Blob): Promise<void> {
    this.files.set(`${folder}/${name}`, content);
  }

  async removeFile(folder: string, name: string): Promise<void> {
    this.files.delete(`${folder}/${name}`);
  }

  async removeFolder(folder: string): Promise<void> {
    for (const path of [...this.files.keys()]) if (path.startsWith(`${folder}/`)) this.files.delete(path);
  }
}
