import {
  BlobReader,
  configure,
  ERR_ENCRYPTED,
  ZipReader,
  type Entry,
  type FileEntry,
} from '@zip.js/zip.js/lib/zip-core-native.js';
import { isAbort, AttuneError } from '../../errors/attune-error.ts';
import { archiveLimits, type ArchiveLimits } from '../limits.ts';
import { documentProblem } from '../problems.ts';

// This code runs in a worker already; more workers from blob: URLs would also break the content security policy.
configure({ useWebWorkers: false });

export interface ArchiveEntry {
  /** Path inside the archive, '/' between folders, no '..' and no leading '/'. */
  path: string;
  bytes: number;
  blob(signal?: AbortSignal): Promise<Blob>;
  text(signal?: AbortSignal): Promise<string>;
  /** Unpacks and throws the result away: proves size and checksum without memory. */
  measure(signal?: AbortSignal): Promise<void>;
}

/**
 * The files of a zip, read through its central directory, each unpacked only when asked and only within the limits.
 *
 * @throws AttuneError `archive/bomb` (also from an entry whose real size exceeds what it declares), `document/corrupt`,
 * `document/encrypted`.
 */
export async function* readArchive(
  archive: Blob,
  name: string,
  limits: ArchiveLimits = archiveLimits,
): AsyncGenerator<ArchiveEntry> {
  const reader = new ZipReader(new BlobReader(archive));
  try {
    const entries = await directory(reader, name, limits);
    const unpacked = new Unpacked(name, limits);
    for (const entry of entries) {
      const path = safePath(entry.filename);
      if (entry.directory || path === undefined) continue;
      if (entry.encrypted) throw documentProblem.encrypted(name);
      const unpack = (keep: (chunk: Uint8Array<ArrayBuffer>) => void, signal?: AbortSignal) =>
        guarded(() => unpacked.add(entry, keep, signal), name);
      const blob = async (signal?: AbortSignal) => {
        const chunks: Uint8Array<ArrayBuffer>[] = [];
        await unpack((chunk) => chunks.push(chunk), signal);
        return new Blob(chunks);
      };
      yield {
        path,
        bytes: entry.uncompressedSize,
        blob,
        text: async (signal) => (await blob(signal)).text(),
        measure: (signal) => unpack(() => undefined, signal),
      };
    }
  } finally {
    await reader.close();
  }
}

/** Counts what really comes out of the archive: declared sizes may lie. */
class Unpacked {
  #total = 0;
  readonly #name: string;
  readonly #limits: ArchiveLimits;

  constructor(name: string, limits: ArchiveLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  async add(entry: FileEntry, keep: (chunk: Uint8Array<ArrayBuffer>) => void, signal?: AbortSignal): Promise<void> {
    let size = 0;
    const counted = new WritableStream<Uint8Array<ArrayBuffer>>({
      write: (chunk) => {
        size += chunk.length;
        this.#total += chunk.length;
        checkSize(this.#name, this.#limits, { size, packed: entry.compressedSize, total: this.#total });
        keep(chunk);
      },
    });
    await entry.getData(counted, { checkSignature: true, checkOverlappingEntry: true, ...(signal && { signal }) });
  }
}

async function directory(reader: ZipReader<Blob>, name: string, limits: ArchiveLimits): Promise<Entry[]> {
  const entries: Entry[] = [];
  let total = 0;
  await guarded(async () => {
    for await (const entry of reader.getEntriesGenerator({ filenameValidation: 'tolerant' })) {
      entries.push(entry);
      if (entries.length > limits.entries) {
        throw documentProblem.zipBomb(name, `it holds more than ${limits.entries.toLocaleString('en')} files`);
      }
      total += entry.uncompressedSize;
      checkSize(name, limits, { size: entry.uncompressedSize, packed: entry.compressedSize, total });
    }
  }, name);
  return entries;
}

function checkSize(
  name: string,
  limits: ArchiveLimits,
  { size, packed, total }: { size: number; packed: number; total: number },
) {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000).toLocaleString('en')} MB`;
  if (size > limits.ratioFromBytes && size > packed * limits.ratio) {
    throw documentProblem.zipBomb(
      name,
      `a file in it unpacks to more than ${limits.ratio} times its size, as zip bombs do`,
    );
  }
  if (size > limits.entryBytes) {
    throw documentProblem.zipBomb(name, `a file in it is larger than ${megabytes(limits.entryBytes)}`);
  }
  if (total > limits.totalBytes) {
    throw documentProblem.zipBomb(name, `it unpacks to more than ${megabytes(limits.totalBytes)}`);
  }
}

/** zip.js' errors become ours; ours (thrown inside its streams) pass through. */
async function guarded<T>(work: () => Promise<T>, name: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AttuneError || isAbort(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (message === ERR_ENCRYPTED) throw documentProblem.encrypted(name);
    throw documentProblem.corrupt(name, `it cannot be unpacked (${message})`, error);
  }
}

/** Undefined for paths that point outside of the archive: such entries are left out, nothing is ever unpacked to a disk. */
function safePath(filename: string): string | undefined {
  const parts = filename
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..')) return undefined;
  return parts.join('/');
}
