import type { SourceFile } from '../ingest/contract.ts';

/** Files that people drop, pick or paste, as sources with the paths that their folders give them. */

/**
 * Walks what was dropped, folders included. Must be called within the event: the browser empties the transfer after it.
 */
export async function sourcesFromDrop(transfer: DataTransfer): Promise<SourceFile[]> {
  const entries = [...transfer.items].filter((item) => item.kind === 'file').map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files];
  const sources: SourceFile[] = [];
  for (const entry of entries) if (entry) await walk(entry, '', sources);
  // A file pasted from some programs has no entry, only the file itself.
  return sources.length > 0 ? sources : plain.map((file) => ({ path: file.name, blob: file }));
}

async function walk(entry: FileSystemEntry, folder: string, into: SourceFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    if (!isClutter(entry.name)) into.push({ path: folder + entry.name, blob: file });
    return;
  }
  if (isClutter(entry.name)) return;
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // The reader hands out at most 100 entries at a time and says "done" with an empty list.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const child of batch) await walk(child, `${folder}${entry.name}/`, into);
  }
}

/** Files of an `<input type="file">`; those of a folder input keep their folders. */
export function sourcesFromFiles(files: Iterable<File>): SourceFile[] {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath || file.name, blob: file }))
    .filter(({ path }) => !path.split('/').some(isClutter));
}

/** Opens the browser's picker. Resolves to an empty list when the person cancels. */
export function pickSources(what: 'files' | 'folder'): Promise<SourceFile[]> {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  if (what === 'folder') input.webkitdirectory = true;
  return new Promise((resolve) => {
    input.addEventListener('change', () => resolve(sourcesFromFiles(input.files ?? [])));
    input.addEventListener('cancel', () => resolve([]));
    input.click();
  });
}

/** Opens the browser's picker for one file. @returns undefined when the person cancels */
export function pickFile(accept: string): Promise<File | undefined> {
  return new Promise((resolve) => {
    const input = Object.assign(document.createElement('input'), { type: 'file', accept });
    input.addEventListener('change', () => resolve(input.files?.[0]));
    input.addEventListener('cancel', () => resolve(undefined));
    input.click();
  });
}

/** Opens the browser's picker for a folder. @returns nothing when the person cancels */
export async function pickFolder(): Promise<File[]> {
  const sources = await pickSources('folder');
  return sources.map(({ path, blob }) => new File([blob], path.slice(path.indexOf('/') + 1)));
}

/** What operating systems and version control put into folders; nobody means to ask these. */
function isClutter(name: string): boolean {
  return (
    name === '.git' || name === 'node_modules' || name === '__MACOSX' || name === '.DS_Store' || name === 'Thumbs.db'
  );
}

/** Hands a file to the person: the browser's own download. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has its own reference by the next task.
  setTimeout(() => URL.revokeObjectURL(link.href));
}
