import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Embedder } from '../../../src/retrieval/contract.ts';

const FOLDER = '.cache/embeddings';

/** An embedder that knows beforehand what it will be asked, and keeps the answers in `.cache/` by their content. */
export class CachedEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly device: string;
  #inner: Embedder;
  #known = new Map<string, Float32Array>();

  constructor(inner: Embedder) {
    this.#inner = inner;
    this.id = inner.id;
    this.dimensions = inner.dimensions;
    this.maxTokens = inner.maxTokens;
    this.device = inner.device;
  }

  async prepare(texts: string[], kind: 'query' | 'passage'): Promise<void> {
    const hash = createHash('sha256')
      .update(JSON.stringify([this.id, kind, texts]))
      .digest('hex');
    const file = join(FOLDER, `${hash}.f32`);
    if (!existsSync(file)) {
      const vectors = await this.#inner.embed(texts, kind);
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
    }
    const vectors = new Float32Array(new Uint8Array(readFileSync(file)).buffer);
    texts.forEach((text, i) => {
      this.#known.set(`${kind} ${text}`, vectors.subarray(i * this.dimensions, (i + 1) * this.dimensions));
    });
  }

  /** @throws Error when asked for a text that was not prepared. */
  async embed(texts: string[], kind: 'query' | 'passage'): Promise<Float32Array> {
    const vectors = new Float32Array(texts.length * this.dimensions);
    texts.forEach((text, i) => {
      const vector = this.#known.get(`${kind} ${text}`);
      if (!vector) throw new Error(`Not prepared: ${text.slice(0, 80)}`);
      vectors.set(vector, i * this.dimensions);
    });
    return vectors;
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }
}
