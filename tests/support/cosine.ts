import { nodeRuntime } from '../../src/engine/runtime/node.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import type { Embedder } from '../../src/retrieval/contract.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';

/** The starter embedder in Node, with the similarities that the retrieval service computes from it. */
export async function realSimilarities(): Promise<{
  embedder: Embedder;
  similarities: (sentences: string[], passages: string[]) => Promise<Float32Array>;
}> {
  const embedder = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), { runtime: nodeRuntime() });
  const width = embedder.dimensions;
  return {
    embedder,
    similarities: async (sentences, passages) => {
      const rows = await embedder.embed([...sentences, ...passages], 'passage');
      const row = (index: number) => rows.subarray(index * width, (index + 1) * width);
      return Float32Array.from({ length: sentences.length * passages.length }, (_, index) => {
        const passage = row(sentences.length + (index % passages.length));
        return row(Math.floor(index / passages.length)).reduce((sum, value, d) => sum + value * passage[d]!, 0);
      });
    },
  };
}
