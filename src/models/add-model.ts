import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { AttuneError } from '../errors/attune-error.ts';
import { database } from '../storage/database.ts';
import type { ModelRow } from '../storage/schema.ts';
import type { ModelFile } from './contract.ts';
import { storedFolder, storedName } from './files.ts';
import { recogniseModel, type PickedFile, type RecognisedModel } from './recognise.ts';

export interface AddModelOptions {
  /** In words, shown with the model: "file from this computer", a repository's name. */
  source?: string;
  /** Bytes copied, and in all. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Copies a model into this browser's storage, hashing while it copies, and lists it. Adding the same files again
 * returns the row that is there.
 *
 * @throws AttuneError when the files are no model that runs here (see `recogniseModel`); `storage/full`
 * @throws DOMException AbortError; nothing is left behind then
 */
export async function addModel(picked: readonly PickedFile[], options: AddModelOptions = {}): Promise<ModelRow> {
  const model = await recogniseModel(picked);
  return withModelStorage(async () => {
    const id = `${model.name.replaceAll(/[^\w.-]+/g, '-').slice(0, 60)}-${crypto.randomUUID().slice(0, 8)}`;
    const files = await copyFiles(id, model, options);
    const known = (await database().models.toArray()).find((row) => sameFiles(row.files, files));
    if (known) return known;
    const row: ModelRow = {
      id,
      name: model.name,
      role: model.role,
      format: model.format,
      architecture: model.architecture,
      files,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      licence: model.licence,
      source: options.source ?? 'file from this computer',
      addedAt: Date.now(),
    };
    await database().models.add(row);
    return row;
  });
}

/** Removes a model that the user added. A starter has no row: it belongs to the app and stays. */
export async function deleteModel(id: string): Promise<void> {
  await withModelStorage(() => database().models.delete(id));
}

/**
 * Runs a change of the model folders alone among all tabs, then deletes every folder that no row names: what this
 * change gave up and what one interrupted by a crash left behind.
 */
async function withModelStorage<T>(change: () => Promise<T>): Promise<T> {
  return (await navigator.locks.request('attune-models', async () => {
    try {
      return await change();
    } finally {
      const kept = new Set(await database().models.toCollection().primaryKeys());
      const root = await storedFolder('models', true);
      for await (const name of root.keys()) {
        // A file that another tab still reads cannot be removed on some systems; the next change tries again.
        if (!kept.has(name)) await root.removeEntry(name, { recursive: true }).catch(() => undefined);
      }
    }
  })) as T;
}

async function copyFiles(id: string, model: RecognisedModel, options: AddModelOptions): Promise<ModelFile[]> {
  const total = model.files.reduce((sum, { blob }) => sum + blob.size, 0);
  let done = 0;
  const advance = (bytes: number) => options.onProgress?.((done += bytes), total);
  try {
    const folder = await storedFolder(`models/${id}`, true);
    const files: ModelFile[] = [];
    for (const file of model.files) files.push(await copyHashed(folder, file, advance, options.signal));
    return files;
  } catch (cause) {
    if (!(cause instanceof DOMException) || cause.name !== 'QuotaExceededError') throw cause;
    throw new AttuneError(
      'storage/full',
      `The browser has no space left for ${model.name}.`,
      'Delete models or documents that you no longer need, or free disk space, and try again.',
      { cause },
    );
  }
}

async function copyHashed(
  folder: FileSystemDirectoryHandle,
  { path, blob }: PickedFile,
  advance: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<ModelFile> {
  const hash = sha256.create();
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      hash.update(chunk);
      advance(chunk.length);
      controller.enqueue(chunk);
    },
  });
  const handle = await folder.getFileHandle(storedName(path), { create: true });
  await blob
    .stream()
    .pipeThrough(counter)
    .pipeTo(await handle.createWritable(), { signal });
  return { name: path, bytes: blob.size, sha256: bytesToHex(hash.digest()) };
}

function sameFiles(a: readonly ModelFile[], b: readonly ModelFile[]): boolean {
  const key = (files: readonly ModelFile[]) =>
    files
      .map(({ name, sha256 }) => `${name} ${sha256}`)
      .sort()
      .join('\n');
  return key(a) === key(b);
}
