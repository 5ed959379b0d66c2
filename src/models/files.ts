import { AttuneError } from '../errors/attune-error.ts';
import type { ModelDescription, ModelFiles } from './contract.ts';

/** Read access to a model wherever it lies: the app's own origin or this browser's private file system. */
export function modelFiles(description: ModelDescription): ModelFiles {
  const { location } = description;
  const blob: ModelFiles['blob'] =
    location.kind === 'origin'
      ? (name, onProgress) => fetchFile(description, `${location.folder}/${name}`, name, onProgress)
      : (name) => readStoredFile(description, location.folder, name);
  return {
    description,
    blob,
    json: async <T>(name: string) => JSON.parse(await (await blob(name)).text()) as T,
  };
}

/** Absolute URL of a file under the app's base. */
export function appUrl(path: string): string {
  return new URL(`${import.meta.env.BASE_URL}${path}`, globalThis.location.href).href;
}

async function fetchFile(
  { name: model, files }: ModelDescription,
  path: string,
  file: string,
  onProgress?: (done: number, total: number) => void,
): Promise<Blob> {
  const total = files.find((known) => known.name === file)?.bytes ?? 0;
  const response = await fetch(appUrl(path)).catch((cause: unknown) => {
    throw missing(model, file, cause);
  });
  if (!response.ok || !response.body) throw missing(model, file);
  let done = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      done += chunk.length;
      onProgress?.(done, total);
      controller.enqueue(chunk);
    },
  });
  const blob = await new Response(response.body.pipeThrough(counter)).blob();
  // A static host may answer a missing file with its start page and status 200.
  if (total > 0 && blob.size !== total) throw missing(model, file);
  return blob;
}

async function readStoredFile({ name: model }: ModelDescription, folder: string, file: string): Promise<Blob> {
  try {
    const directory = await storedFolder(folder);
    return await (await directory.getFileHandle(storedName(file))).getFile();
  } catch (cause) {
    throw missing(model, file, cause);
  }
}

/** A folder of the browser's private file system, "models/<id>". @throws NotFoundError unless `create` */
export async function storedFolder(path: string, create = false): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const part of path.split('/')) directory = await directory.getDirectoryHandle(part, { create });
  return directory;
}

/** A model's file may have a path ("1_Pooling/config.json"); it is stored flat. */
export function storedName(file: string): string {
  return file.replaceAll('/', '__');
}

function missing(model: string, file: string, cause?: unknown): AttuneError {
  return new AttuneError(
    'models/file-missing',
    `The file ${file} of the model ${model} could not be read.`,
    'Start the app once with the network on so that it is fetched, or add the model again in Models.',
    { cause },
  );
}
