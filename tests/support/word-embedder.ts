import type { Embedder } from '../../src/retrieval/contract.ts';
import { randomUnitVector, seededRandom, unit } from './vectors.ts';

/**
 * An embedder without a model, for tests of what surrounds it: a text is the sum of fixed random vectors of its words,
 * so texts that share words are similar, and it says what it was asked.
 */
export class WordEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens = 512;
  readonly device = 'test';
  /** Every passage embedded so far. */
  readonly passages: string[] = [];
  /** Called before passages are embedded. */
  beforeBatch: () => void | Promise<void> = () => undefined;

  constructor(id = 'words', dimensions = 48) {
    this.id = id;
    this.dimensions = dimensions;
  }

  async embed(texts: string[], kind: 'query' | 'passage'): Promise<Float32Array> {
    if (kind === 'passage') {
      await this.beforeBatch();
      this.passages.push(...texts);
    }
    const vectors = new Float32Array(texts.length * this.dimensions);
    texts.forEach((text, i) => vectors.set(this.#vector(text), i * this.dimensions));
    return vectors;
  }

  async dispose(): Promise<void> {
    this.passages.length = 0;
  }

  #vector(text: string): Float32Array {
    const sum = new Float32Array(this.dimensions);
    for (const word of text.toLowerCase().match(/\w+/g) ?? ['']) {
      const seed = [...`${this.id} ${word}`].reduce((value, char) => Math.imul(value, 31) + char.charCodeAt(0), 1);
      randomUnitVector(seededRandom(seed), this.dimensions).forEach((component, d) => (sum[d]! += component));
    }
    return unit(sum);
  }
}
