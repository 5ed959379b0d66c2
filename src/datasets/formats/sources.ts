import { AttuneError } from '../../errors/attune-error.ts';
import { readArchive } from '../../ingest/archive/zip.ts';
import type { DatasetFiles } from '../contract.ts';

/** Larger files are no data set that a browser could tune on. */
const MAX_BYTES = 200_000_000;

/** A file with its path in a folder or archive. */
export interface SourceText {
  path: string;
  text: string;
}

/**
 * The texts of one file, of the files of a folder, or of a .zip; hidden files are left out.
 *
 * @throws AttuneError `datasets/too-large`, and of `readArchive`
 */
export async function readSources(files: DatasetFiles): Promise<{ name: string; texts: SourceText[] }> {
  const list = [files].flat() as File[];
  const [first] = list;
  if (!first) throw new AttuneError('datasets/unreadable', 'The folder is empty.', 'Choose a file or another folder.');
  const size = list.reduce((sum, file) => sum + file.size, 0);
  const name = list.length === 1 ? first.name : (pathOf(first).split('/')[0] ?? first.name);
  refuseLarge(name, size);
  if (list.length === 1 && /\.zip$/i.test(first.name)) return { name, texts: await unpacked(first) };
  const texts: SourceText[] = [];
  for (const file of list) {
    if (isText(pathOf(file)) || list.length === 1) texts.push({ path: pathOf(file), text: plain(await file.text()) });
  }
  return { name, texts };
}

async function unpacked(file: File): Promise<SourceText[]> {
  const texts: SourceText[] = [];
  let size = 0;
  for await (const entry of readArchive(file, file.name)) {
    refuseLarge(file.name, (size += entry.bytes));
    if (isText(entry.path)) texts.push({ path: entry.path, text: plain(await entry.text()) });
  }
  return texts;
}

function refuseLarge(name: string, bytes: number): void {
  if (bytes <= MAX_BYTES) return;
  throw new AttuneError(
    'datasets/too-large',
    `${name} has ${Math.round(bytes / 1e6)} MB, and a data set may have ${MAX_BYTES / 1e6}.`,
    'Split the file, or leave out rows.',
  );
}

function pathOf(file: File): string {
  return file.webkitRelativePath || file.name;
}

function isText(path: string): boolean {
  return /\.(jsonl|json|csv|tsv)$/i.test(path) && !path.split('/').some((part) => /^(\.|__MACOSX)/.test(part));
}

function plain(text: string): string {
  return text.replace(/^\uFEFF/, '');
}
