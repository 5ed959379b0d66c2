import { readAdapterFiles } from '../../../src/adapters/adapter-files.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { readArchive } from '../../../src/ingest/archive/zip.ts';
import type { ModelDescription } from '../../../src/models/contract.ts';
import { folderModelFiles } from '../../../src/models/node.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';

/**
 * Vectors as the app computes them: its own engine over the files of a node's model, bare and with an adapter that came
 * home from there.
 *
 * @param zip of a PEFT folder; @returns a vector for each text
 */
export async function tabVectors(
  folder: string,
  zip: File,
  texts: string[],
): Promise<{ plain: number[][]; tuned: number[][] }> {
  const names = ['config.json', 'tokenizer.json', 'model.fp16.safetensors'];
  const description: ModelDescription = {
    ...{ id: 'tiny-bert', name: 'tiny-bert', role: 'embedder', format: 'safetensors', architecture: 'bert' },
    ...{ files: names.map((name) => ({ name, bytes: 0, sha256: '' })), bytes: 0, licence: '', source: 'test' },
    location: { kind: 'opfs', folder },
  };
  const files = folderModelFiles(folder, description);
  const adapterFiles = new Map<string, Blob>();
  for await (const entry of readArchive(zip, zip.name))
    adapterFiles.set(entry.path.split('/').at(-1)!, await entry.blob());
  const tuned = await readAdapterFiles(async (name) => adapterFiles.get(name), 'embedder', files);
  if (tuned.kind !== 'lora') throw new TypeError('The node makes adapters of low rank.');
  const base = await createEmbedder(files, { runtime: nodeRuntime(1), precision: 'float32' });
  const rowsOf = async (embedder: Pick<typeof base, 'embed' | 'dimensions'>) => {
    const all = await embedder.embed(texts, 'passage');
    return texts.map((_, i) => [...all.subarray(i * embedder.dimensions, (i + 1) * embedder.dimensions)]);
  };
  const withAdapter = base.tuned({ id: 'home', name: 'home', sha256: '', ...tuned });
  const vectors = { plain: await rowsOf(base), tuned: await rowsOf(withAdapter) };
  await base.dispose();
  return vectors;
}
