import type { Embedder } from './contract.ts';
import { dot } from './vectors/vector-index.ts';

/**
 * Cosine similarity of every sentence to every passage, row-major [sentences, passages]; all zeros without an embedder.
 * Both are embedded as passages: they are statements alike, and a model with a query prefix would set them apart.
 */
export async function similaritiesOf(
  embedder: Embedder | undefined,
  sentences: readonly string[],
  passages: readonly string[],
): Promise<Float32Array> {
  const result = new Float32Array(sentences.length * passages.length);
  if (!embedder || result.length === 0) return result;
  const vectors = await embedder.embed([...sentences, ...passages], 'passage');
  const row = (i: number) => vectors.subarray(i * embedder.dimensions, (i + 1) * embedder.dimensions);
  for (let s = 0; s < sentences.length; s++) {
    for (let p = 0; p < passages.length; p++) {
      result[s * passages.length + p] = dot(row(s), row(sentences.length + p));
    }
  }
  return result;
}
