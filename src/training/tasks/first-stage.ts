import { documentLanguage } from '../../ingest/language.ts';
import { fuse, type FusionSettings, type Scored } from '../../retrieval/fusion.ts';
import { LexicalIndex } from '../../retrieval/lexical/lexical-index.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { retrievalSettings, type RetrievalSettings } from '../../retrieval/settings.ts';
import type { PoolPassage } from '../examples.ts';
import { dot } from '../negatives.ts';

/** A passage of the pool that the search found, with what it thought of it: comparable within one question. */
export interface Found {
  place: number;
  score: number;
}

/**
 * The search that a ranking model stands behind, over a pool in memory: meaning and words, stemmed by the language of
 * their document and fused as in the product by its default settings. What it finds is what the ranking model has to
 * put in order.
 */
export class FirstStage {
  readonly #vectors: Float32Array;
  readonly #dimensions: number;
  readonly #words = new LexicalIndex();
  readonly #settings: RetrievalSettings;

  private constructor(dimensions: number, vectors: Float32Array, settings: RetrievalSettings) {
    this.#vectors = vectors;
    this.#dimensions = dimensions;
    this.#settings = settings;
  }

  /**
   * @param vectors of the pool's passages, each of length 1 [pool, dimensions], row-major
   * @param adapter of the search model, with the weight of meaning that goes with it
   */
  static async of(
    pool: readonly PoolPassage[],
    vectors: Float32Array,
    adapter?: { denseWeight?: number },
  ): Promise<FirstStage> {
    const stage = new FirstStage(vectors.length / pool.length, vectors, retrievalSettings({}, adapter));
    const languages = await languagesOf(pool);
    pool.forEach((passage, place) => stage.#words.add(place, passageText(passage), languages.get(documentOf(passage))));
    return stage;
  }

  /**
   * @param vector of the question, of length 1 [dimensions]
   * @param wanted places whose scores are wanted, found or not
   * @returns the `limit` best, best first, and behind them the wanted ones that are not among them
   */
  find(question: string, vector: Float32Array, limit: number, wanted: Iterable<number> = []): Found[] {
    const needed = new Set(wanted);
    return this.search(
      question,
      vector,
      needed,
    )(this.#settings).filter(({ place }, rank) => rank < limit || needed.has(place));
  }

  /** What meaning and words find, each for itself. @returns joins them: best first, as often as wanted */
  search(
    question: string,
    vector: Float32Array,
    needed: ReadonlySet<number> = new Set(),
  ): (settings: FusionSettings) => Found[] {
    const size = this.#dimensions;
    const similarity = (place: number) => dot(vector, this.#vectors.subarray(place * size, (place + 1) * size));
    const all = Array.from({ length: this.#vectors.length / size }, (_, item) => ({ item, score: similarity(item) }));
    const byMeaning: Scored<number>[] = all.sort((a, b) => b.score - a.score || a.item - b.item);
    const { candidates } = this.#settings;
    const dense = byMeaning.filter(({ item }, rank) => rank < candidates || needed.has(item));
    const lexical = this.#words
      .search(question, candidates, this.#settings)
      .map(({ passage, score }): Scored<number> => ({ item: passage, score }));
    return (settings) =>
      fuse(dense, lexical, settings, similarity).map(({ item, fused }) => ({ place: item, score: fused.score }));
  }
}

/** Language of each document, as reading it would find by what the pool has of it. */
async function languagesOf(pool: readonly PoolPassage[]): Promise<Map<string, string | undefined>> {
  const texts = new Map<string, string[]>();
  for (const passage of pool) {
    const document = documentOf(passage);
    const parts = texts.get(document);
    if (parts) parts.push(passage.text);
    else texts.set(document, [passage.text]);
  }
  const languages = new Map<string, string | undefined>();
  for (const [document, parts] of texts) languages.set(document, await documentLanguage(parts.join('\n')));
  return languages;
}

/** A passage whose document is not known is one of its own. */
function documentOf({ documentKey, text }: PoolPassage): string {
  return documentKey === '' ? `text ${text}` : `document ${documentKey}`;
}
