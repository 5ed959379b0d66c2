import type { AppConfig } from '@mlc-ai/web-llm';
import { AttuneError } from '../../errors/attune-error.ts';
import type { ModelFiles } from '../../models/contract.ts';
import type { LoadProgress } from '../contract.ts';

// A name that never resolves (RFC 2606): if an entry is missing, the library's own fetch fails instead of asking a server.
const HOST = 'https://imported.invalid';
const CONFIG = 'mlc-chat-config.json';

/** The library's caches, by what they hold; the names are part of its contract (its `deleteModelAllInfoInCache`). */
const SCOPES = { config: 'webllm/config', wasm: 'webllm/wasm', model: 'webllm/model' } as const;

/** Where the library looks for a file of an imported model. */
export function cacheAddress(modelId: string, file: string): string {
  return `${HOST}/${encodeURIComponent(modelId)}/resolve/main/${file}`;
}

/**
 * Puts the files of an imported model into the library's caches, unless they are there already.
 *
 * @returns the configuration that makes the library load it from there.
 * @throws AttuneError `webllm/incomplete` naming the file that the folder lacks.
 */
export async function provideImported(
  files: ModelFiles,
  onProgress?: (progress: LoadProgress) => void,
): Promise<AppConfig> {
  const { id, name, files: listed } = files.description;
  const names = listed.map((file) => file.name);
  const library = names.find((file) => file.endsWith('.wasm'));
  const weights = names.find((file) => /^(?:tensor|ndarray)-cache\.json$/.test(file));
  const missing = [
    !names.includes(CONFIG) && CONFIG,
    !names.some((file) => /^tokenizer\.(?:json|model)$/.test(file)) && 'tokenizer.json',
    !weights && 'tensor-cache.json',
    !library && 'the compiled model library (.wasm)',
  ].find(Boolean);
  if (missing) {
    throw new AttuneError(
      'webllm/incomplete',
      `The folder of ${name} lacks ${missing}.`,
      'Add the whole folder again, the .wasm file included.',
    );
  }
  let done = 0;
  for (const file of names) {
    // The library asks for the manifest of the weights by its newer name only.
    const asked = file === weights ? 'tensor-cache.json' : file;
    await putOnce(scopeOf(file), cacheAddress(id, asked), () => files.blob(file));
    onProgress?.({ stage: 'preparing files', done: ++done, total: names.length });
  }
  return {
    cacheBackend: 'cache',
    model_list: [{ model_id: id, model: cacheAddress(id, ''), model_lib: cacheAddress(id, library!) }],
  };
}

/** Deletes what {@link provideImported} stored for models that are no longer listed. */
export async function forgetImported(keptIds: readonly string[]): Promise<void> {
  const kept = keptIds.map((id) => cacheAddress(id, ''));
  for (const scope of Object.values(SCOPES)) {
    const cache = await caches.open(scope);
    for (const { url } of await cache.keys()) {
      if (url.startsWith(HOST) && !kept.some((address) => url.startsWith(address))) await cache.delete(url);
    }
  }
}

function scopeOf(file: string): string {
  if (file === CONFIG) return SCOPES.config;
  return file.endsWith('.wasm') ? SCOPES.wasm : SCOPES.model;
}

async function putOnce(scope: string, address: string, read: () => Promise<Blob>): Promise<void> {
  const cache = await caches.open(scope);
  if (!(await cache.match(address))) await cache.put(address, new Response(await read()));
}
