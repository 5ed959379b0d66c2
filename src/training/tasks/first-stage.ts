import { fuse, type Scored } from '../../retrieval/fusion.ts';
import { LexicalIndex } from '../../retrieval/lexical/lexical-index.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { retrievalKnobs } from '../../retrieval/settings.ts';
import { valuesOf } from '../../settings/knob.ts';
import type { PoolPassage } from '../examples.ts';
import { dot } from '../negatives.ts';

/** A passage of the pool that the search found, with what it thought of it: comparable within one question. */
export interface Found {
  place: number;
  score: number;
}

/**
 * The search that a ranking model stands behind, over a pool in memory: meaning and words, fused as in the product by its
 * default settings. What it finds is what the ranking model has to put in order.
 */
export class FirstStage {
  readonly #vectors: Float32Array;
  readonly #dimensions: number;
  readonly #words = new LexicalIndex();
  readonly #settings = valuesOf(retrievalKnobs);

  /** @param vectors of the pool's passages, each of length 1 [pool, dimensions], row-major */
  constructor(pool: readonly PoolPassage[], vectors: Float32Array) {
    this.#vectors = vectors;
    this.#dimensions = vectors.length / pool.length;
    pool.forEach((passage, place) => this.#words.add(place, passageText(passage), undefined));
  }

  /**
   * @param vector of the question, of length 1 [dimensions]
   * @param wanted places whose scores are wanted, found or not
   * @returns the `limit` best, best first, and behind them the wanted ones that are not among them
   */
  find(question: string, vector: Float32Array, limit: number, wanted: Iterable<number> = []): Found[] {
    const size = this.#dimensions;
    const similarity = (place: number) => dot(vector, this.#vectors.subarray(place * size, (place + 1) * size));
    const all = Array.from({ length: this.#vectors.length / size }, (_, item) => ({ item, score: similarity(item) }));
    const byMeaning: Scored<number>[] = all.sort((a, b) => b.score - a.score || a.item - b.item);
    const { candidates } = this.#settings;
    const needed = new Set(wanted);
    const dense = byMeaning.filter(({ item }, rank) => rank < candidates || needed.has(item));
    const lexical = this.#words
      .search(question, candidates, this.#settings)
      .map(({ passage, score }): Scored<number> => ({ item: passage, score }));
    return fuse(dense, lexical, this.#settings, similarity)
      .map(({ item, fused }) => ({ place: item, score: fused.score }))
      .filter(({ place }, rank) => rank < limit || needed.has(place));
  }
}
