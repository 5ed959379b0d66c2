import type { AttuneDatabase } from '../storage/database.ts';

/** Layout and locks as in `src/retrieval/files` and `src/retrieval/vectors`: `retrieval/<workspace>/<index>/<file>`. */
const ROOT = 'retrieval';
const filePattern = /^([0-9a-f]{16})\/((?:codes|vectors)\.bin)$/;

export interface VectorFile {
  /** `<index>/<file>` */
  path: string;
  blob: Blob;
}

/** Copies of all vector files of a workspace, each index taken while nobody writes to it. */
export async function* vectorFiles(workspaceId: string): AsyncGenerator<VectorFile> {
  const workspace = await directory([ROOT, workspaceId], false);
  if (!workspace) return;
  for await (const [index, handle] of workspace.entries()) {
    if (handle.kind !== 'directory') continue;
    yield* await navigator.locks.request(lockName(workspaceId, index), () =>
      copies(index, handle as FileSystemDirectoryHandle),
    );
  }
}

async function copies(index: string, folder: FileSystemDirectoryHandle): Promise<VectorFile[]> {
  const files: VectorFile[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind !== 'file' || !filePattern.test(`${index}/${name}`)) continue;
    // The file may change once the lock is gone, so its bytes are taken now.
    const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
    files.push({ path: `${index}/${name}`, blob: new Blob([bytes]) });
  }
  return files;
}

/** @returns false when the path is no vector file's. */
export async function writeVectorFile(workspaceId: string, path: string, blob: Blob): Promise<boolean> {
  const match = filePattern.exec(path);
  if (!match) return false;
  const [, index, name] = match;
  await navigator.locks.request(lockName(workspaceId, index!), async () => {
    const folder = (await directory([ROOT, workspaceId, index!], true))!;
    const writable = await (await folder.getFileHandle(name!, { create: true })).createWritable();
    await blob.stream().pipeTo(writable);
  });
  return true;
}

/** Deletes vector files and their rows. */
export async function removeVectors(db: AttuneDatabase, workspaceId: string): Promise<void> {
  await db.vectorIndexes.where('workspaceId').equals(workspaceId).delete();
  const root = await directory([ROOT], false);
  await root?.removeEntry(workspaceId, { recursive: true }).catch((error: Error) => {
    if (error.name !== 'NotFoundError') throw error;
  });
}

async function directory(path: string[], create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
  let handle = await navigator.storage.getDirectory();
  for (const part of path) {
    try {
      handle = await handle.getDirectoryHandle(part, { create });
    } catch (error) {
      if (!create && (error as Error).name === 'NotFoundError') return undefined;
      throw error;
    }
  }
  return handle;
}

const lockName = (workspaceId: string, index: string) => `attune/${ROOT}/${workspaceId}/${index}`;
