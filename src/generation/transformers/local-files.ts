import type { env as TransformersEnv } from '@huggingface/transformers';
import type { ModelFiles } from '../../models/contract.ts';

const FOLDER = 'attune-imported';

/**
 * Lets transformers.js read one model's files from this browser's storage and nothing else: every file that it asks for
 * is looked up there, whatever is missing is "not found", and no request leaves the worker.
 *
 * @returns the name under which the model is to be loaded.
 */
export function serveOnly(env: typeof TransformersEnv, files: ModelFiles): string {
  const names = new Set(files.description.files.map(({ name }) => name));
  const prefix = `${FOLDER}/model/`;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.useBrowserCache = false;
  env.useFSCache = false;
  // It would import the wasm loader from a blob: address, which the page's policy forbids.
  env.useWasmCache = false;
  env.localModelPath = FOLDER;
  env.fetch = async (input: string | URL) => {
    const address = String(input);
    // The library loads its own wasm through the same function.
    if (!address.includes(prefix)) return fetch(address);
    const name = address.slice(address.indexOf(prefix) + prefix.length);
    if (!names.has(name)) return new Response(null, { status: 404 });
    const blob = await files.blob(name);
    return new Response(blob, { headers: { 'Content-Length': String(blob.size) } });
  };
  return 'model';
}
