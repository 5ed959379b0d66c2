import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Embedder, Reranker } from '../../../src/retrieval/contract.ts';
import { fuse, type Scored } from '../../../src/retrieval/fusion.ts';
import { LexicalIndex } from '../../../src/retrieval/lexical/lexical-index.ts';
import { passageText } from '../../../src/retrieval/passage-text.ts';
import { withSearchScores } from '../../../src/retrieval/reranker/with-search-scores.ts';
import { retrievalKnobs, type RetrievalSettings } from '../../../src/retrieval/settings.ts';
import { valuesOf } from '../../../src/settings/knob.ts';
import type { Corpus } from './corpora.ts';

const FOLDER = '.cache/embeddings';
/** How far down a ranking is looked at; what lies beyond counts as not found. */
const DEPTH = 100;

export type Mode = 'dense' | 'hybrid';

/** Search over a corpus in memory: the product's vectors, word index and fusion, with its default settings. */
export class Ranker {
  readonly #embedder: Embedder;
  readonly #texts: readonly string[];
  readonly #vectors: Float32Array;
  readonly #words = new LexicalIndex();

  private constructor(texts: readonly string[], embedder: Embedder, vectors: Float32Array) {
    this.#embedder = embedder;
    this.#texts = texts;
    this.#vectors = vectors;
    texts.forEach((text, i) => this.#words.add(i, text, 'en'));
  }

  static async of(corpus: Corpus, embedder: Embedder): Promise<Ranker> {
    const texts = corpus.passages.map(({ chunk }) => passageText(chunk));
    return new Ranker(texts, embedder, await keptVectors(embedder, texts, 'passage'));
  }

  /** Unit vectors of the passages, and of questions, row by row. */
  async vectors(questions: readonly string[]): Promise<{ pool: Float32Array; queries: Float32Array; width: number }> {
    const queries = await keptVectors(this.#embedder, questions, 'query');
    return { pool: this.#vectors, queries, width: this.#embedder.dimensions };
  }

  /** For each question the indices of passages, best first. */
  async rank(questions: readonly string[], mode: Mode, depth?: number, knobs?: Partial<RetrievalSettings>) {
    const found = await this.find(questions, mode, depth, knobs);
    return found.map((list) => list.map(({ item }) => item));
  }

  /** The same behind a ranking model, which puts the first of them in order as the product lets it. */
  async reranked(
    questions: readonly string[],
    mode: Mode,
    reranker: Reranker,
    knobs: Partial<RetrievalSettings> = {},
  ): Promise<number[][]> {
    const { rerankDepth, searchWeight } = valuesOf(retrievalKnobs, knobs);
    const ranked: number[][] = [];
    for (const [q, found] of (await this.find(questions, mode, undefined, knobs)).entries()) {
      const first = found.slice(0, rerankDepth);
      const own = await reranker.score(
        questions[q]!,
        first.map(({ item }) => this.#texts[item]!),
      );
      const searched = first.map(({ score }) => score);
      const joined = withSearchScores(own, searched, searchWeight);
      const order = [...first.keys()].sort((a, b) => joined[b]! - joined[a]!);
      ranked.push([...order.map((i) => first[i]!.item), ...found.slice(rerankDepth).map(({ item }) => item)]);
    }
    return ranked;
  }

  /** For each question what is found, best first, with the scores by which it is. */
  async find(
    questions: readonly string[],
    mode: Mode,
    depth = DEPTH,
    knobs: Partial<RetrievalSettings> = {},
  ): Promise<Scored<number>[][]> {
    const settings = valuesOf(retrievalKnobs, knobs);
    const width = this.#embedder.dimensions;
    const queries = await keptVectors(this.#embedder, questions, 'query');
    return questions.map((question, q) => {
      const cosine = (passage: number) => {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += queries[q * width + d]! * this.#vectors[passage * width + d]!;
        return sum;
      };
      const all = this.#texts.map((_, item): Scored<number> => ({ item, score: cosine(item) }));
      const dense = all.sort((a, b) => b.score - a.score).slice(0, Math.max(depth, settings.candidates));
      if (mode === 'dense') return dense.slice(0, depth);
      const lexical = this.#words
        .search(question, settings.candidates, settings)
        .map(({ passage, score }): Scored<number> => ({ item: passage, score }));
      return fuse(dense, lexical, settings, cosine)
        .slice(0, depth)
        .map(({ item, fused: { score } }) => ({ item, score }));
    });
  }
}

/** Vectors of texts, kept in `.cache/` by embedder and content. */
async function keptVectors(embedder: Embedder, texts: readonly string[], kind: 'query' | 'passage') {
  // A map of the questions alone leaves the passages, and the embedder's id, as they are.
  const id = embedder.id + (kind === 'query' && embedder.sharesIndex ? embedder.adapter!.id : '');
  const hash = createHash('sha256')
    .update(JSON.stringify([id, kind, texts]))
    .digest('hex');
  const file = `${FOLDER}/${hash}.f32`;
  if (!existsSync(file)) {
    const vectors = await embedder.embed([...texts], kind);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
  }
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}
