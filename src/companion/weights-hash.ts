import { hashFile } from '../ingest/hashing.ts';
import type { ModelDescription } from '../models/contract.ts';

/**
 * What a node and this app compare weights by: the SHA-256 of the file with the weights or, of several, that of their
 * hashes in the order of their names (`sha256_of` in `companion/attune_companion/serving/catalogue.py`).
 */
export async function weightsHash({ files }: Pick<ModelDescription, 'files'>): Promise<string> {
  const weights = files
    .filter(({ name }) => /\.(safetensors|gguf)$/.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ sha256 }) => sha256);
  return weights.length === 1 ? weights[0]! : hashFile(new Blob(weights));
}
