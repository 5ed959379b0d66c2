import type { ChunkRow } from '../storage/schema.ts';
import type { SearchHit } from './contract.ts';
import { fuse, type Scored } from './fusion.ts';
import { groupHits, joinedText, withoutNearDuplicates } from './hits.ts';
import { LexicalIndex } from './lexical/lexical-index.ts';
import { passageText } from './passage-text.ts';
import type { RetrievalSettings } from './settings.ts';
import { kthLargest } from './vectors/exact-search.ts';
import { dot } from './vectors/vector-index.ts';

/** A passage with what is shown of its document. */
export interface SearchablePassage {
  chunk: ChunkRow;
  documentName: string;
  path: string;
  language?: string | undefined;
}

/** A passage in an order of relevance. */
export interface RankedPassage {
  /** Its place among the passages searched. */
  passage: number;
  score: number;
  /** Cosine similarity to the question. */
  similarity: number;
}

/**
 * Ranks passages in memory as search ranks those of a workspace: meaning and words, fused, without near-duplicates. For
 * evaluation, which searches one corpus with many models and writes no index for each.
 */
export class PassageSearch {
  readonly passages: readonly SearchablePassage[];
  #words: LexicalIndex | undefined;

  constructor(passages: readonly SearchablePassage[]) {
    this.passages = passages;
  }

  /**
   * @param vector of the question [dimensions]
   * @param vectors of the passages, each [dimensions]
   * @param limit most passages wanted
   */
  rank(
    question: string,
    vector: Float32Array,
    vectors: readonly Float32Array[],
    settings: RetrievalSettings,
    limit: number,
  ): RankedPassage[] {
    const query = question.trim();
    const similarities = Float32Array.from(vectors, (passage) => dot(vector, passage));
    const dense = best(similarities, settings.candidates);
    const words = this.#lexical().search(query, settings.candidates, settings);
    const lexical = words.map(({ passage, score }) => ({ item: passage, score }));
    const fused = fuse(dense, lexical, settings, (passage) => similarities[passage]);
    const entries = fused.map(({ item, fused: { score } }) => ({
      passage: item,
      score,
      similarity: similarities[item]!,
      chunk: this.passages[item]!.chunk,
    }));
    return withoutNearDuplicates(entries)
      .slice(0, limit)
      .map(({ passage, score, similarity }) => ({ passage, score, similarity }));
  }

  /** The first hits of a ranking, neighbours joined: what an answer is written from. Words to mark are left out. */
  hits(ranked: readonly RankedPassage[], limit: number, mergeLimit: number): SearchHit[] {
    const entries = ranked.map((entry, i) => ({ ...entry, rank: i + 1, chunk: this.passages[entry.passage]!.chunk }));
    return groupHits(entries, limit, mergeLimit).map(
      ({ best: { passage, chunk, rank, score, similarity }, chunks }) => {
        const { documentName, path } = this.passages[passage]!;
        return {
          chunkId: chunk.id,
          chunkIds: chunks.map(({ id }) => id),
          documentId: chunk.documentId,
          documentName,
          path,
          headings: chunk.headings,
          ...(chunks[0]!.page !== undefined && { page: chunks[0]!.page }),
          ...joinedText(chunks),
          score,
          dense: { rank, score: similarity },
          fused: { rank, score },
          matchedWords: [],
        };
      },
    );
  }

  #lexical(): LexicalIndex {
    if (this.#words) return this.#words;
    const words = new LexicalIndex();
    this.passages.forEach(({ chunk, language }, number) => words.add(number, passageText(chunk), language));
    return (this.#words = words);
  }
}

/** The places of the `limit` largest values, falling. */
function best(values: Float32Array, limit: number): Scored<number>[] {
  const least = kthLargest(values, limit);
  const found: Scored<number>[] = [];
  values.forEach((score, item) => score >= least && found.push({ item, score }));
  return found.sort((a, b) => b.score - a.score || a.item - b.item).slice(0, limit);
}
