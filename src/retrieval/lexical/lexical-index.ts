import { kthLargest } from '../vectors/exact-search.ts';
import { analyzerFor } from './analyzer.ts';
import { inverseDocumentFrequency, termWeight, type Bm25Parameters } from './bm25.ts';

/** A passage number with its score. */
export interface ScoredPassage {
  passage: number;
  score: number;
}

/** Postings of one term, growing: passage number in the high 24 bits, frequency (at most 255) in the low 8. */
interface PostingList {
  entries: Uint32Array;
  length: number;
}

/** The parts of an index that a snapshot keeps; see `snapshot.ts`. */
export interface LexicalState {
  /** Words per passage; 0 where removed or empty. */
  lengths: Uint32Array;
  /** Language of each passage, as an index into `languages`. */
  passageLanguages: Uint8Array;
  languages: string[];
  terms: string[];
  /** [terms + 1]: postings of term t are postings[offsets[t]..offsets[t + 1]]. */
  offsets: Uint32Array;
  postings: Uint32Array;
}

export const MOST_PASSAGES = 1 << 24;

/**
 * An inverted index over numbered passages with BM25, that passages can be added to and removed from at any time.
 *
 * A term is filed under its language, so a query is analysed once per language that occurs and a passage meets only the
 * form that fits its own stemmer. A removed passage keeps its postings until the next snapshot; it is left out of scores
 * and document frequencies alike, so results equal those of an index that never held it.
 */
export class LexicalIndex {
  #lists = new Map<string, PostingList>();
  #lengths: number[] = [];
  #passageLanguages: number[] = [];
  #languages: string[] = [];
  #live = 0;
  #words = 0;
  #scores = new Float32Array(0);

  /** Passages that are in the index. */
  get size(): number {
    return this.#live;
  }

  /**
   * @param passage its number; numbers only grow, and a removed one is not used again.
   * @param language ISO 639-1 of the document.
   */
  add(passage: number, text: string, language: string | undefined): void {
    if (passage >= MOST_PASSAGES) throw new RangeError(`The word index holds at most ${MOST_PASSAGES} passages.`);
    const analyzer = analyzerFor(language);
    const frequencies = new Map<string, number>();
    let length = 0;
    for (const { term } of analyzer.words(text)) {
      frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
      length++;
    }
    while (this.#lengths.length < passage) {
      this.#lengths.push(0);
      this.#passageLanguages.push(0);
    }
    this.#lengths[passage] = length;
    this.#passageLanguages[passage] = this.#languageNumber(analyzer.language);
    for (const [term, frequency] of frequencies) this.#post(key(analyzer.language, term), passage, frequency);
    this.#live += length > 0 ? 1 : 0;
    this.#words += length;
  }

  remove(passage: number): void {
    const length = this.#lengths[passage] ?? 0;
    if (length === 0) return;
    this.#lengths[passage] = 0;
    this.#live--;
    this.#words -= length;
  }

  /**
   * The `limit` best passages; ties by rising number.
   *
   * @param allowed [passages], 0 excludes one; frequencies still count over the whole index, so that a filter changes
   *   which passages are shown and not how they compare.
   */
  search(query: string, limit: number, parameters: Bm25Parameters, allowed?: Uint8Array): ScoredPassage[] {
    if (this.#live === 0) return [];
    if (this.#scores.length < this.#lengths.length) this.#scores = new Float32Array(this.#lengths.length + 1024);
    const scores = this.#scores;
    const touched: number[] = [];
    const meanLength = this.#words / this.#live;
    for (const lists of this.#postingsOfQuery(query)) {
      let documentFrequency = 0;
      for (const { entries, length } of lists) {
        for (let i = 0; i < length; i++) if (this.#lengths[entries[i]! >>> 8]! > 0) documentFrequency++;
      }
      const idf = inverseDocumentFrequency(this.#live, documentFrequency);
      for (const { entries, length } of lists) {
        for (let i = 0; i < length; i++) {
          const passage = entries[i]! >>> 8;
          const words = this.#lengths[passage]!;
          if (words === 0 || (allowed && !allowed[passage])) continue;
          if (scores[passage] === 0) touched.push(passage);
          scores[passage]! += idf * termWeight(entries[i]! & 255, words / meanLength, parameters);
        }
      }
    }
    // Common words touch most passages: only those that can be among the best become objects and are sorted.
    const least = kthLargest(
      Float32Array.from(touched, (passage) => scores[passage]!),
      limit,
    );
    const best: ScoredPassage[] = [];
    for (const passage of touched) {
      if (scores[passage]! >= least) best.push({ passage, score: scores[passage]! });
      scores[passage] = 0;
    }
    best.sort((a, b) => b.score - a.score || a.passage - b.passage);
    return best.slice(0, limit);
  }

  /** The live part, renumbered: `numbers[i]` is the old number of passage i of the state. */
  state(numbers: readonly number[]): LexicalState {
    const renumbered = new Int32Array(this.#lengths.length).fill(-1);
    numbers.forEach((old, fresh) => (renumbered[old] = fresh));
    const terms: string[] = [];
    const offsets: number[] = [0];
    let total = 0;
    for (const { length } of this.#lists.values()) total += length;
    const postings = new Uint32Array(total);
    let end = 0;
    for (const [term, { entries, length }] of this.#lists) {
      for (let i = 0; i < length; i++) {
        const fresh = renumbered[entries[i]! >>> 8]!;
        if (fresh >= 0) postings[end++] = (fresh << 8) | (entries[i]! & 255);
      }
      if (end === offsets.at(-1)) continue;
      terms.push(term);
      offsets.push(end);
    }
    return {
      lengths: Uint32Array.from(numbers, (old) => this.#lengths[old] ?? 0),
      passageLanguages: Uint8Array.from(numbers, (old) => this.#passageLanguages[old] ?? 0),
      languages: this.#languages,
      terms,
      offsets: Uint32Array.from(offsets),
      postings: postings.slice(0, end),
    };
  }

  static fromState(state: LexicalState): LexicalIndex {
    const index = new LexicalIndex();
    index.#lengths = Array.from(state.lengths);
    index.#passageLanguages = Array.from(state.passageLanguages);
    index.#languages = [...state.languages];
    for (const length of state.lengths) {
      index.#live += length > 0 ? 1 : 0;
      index.#words += length;
    }
    state.terms.forEach((term, t) => {
      const entries = state.postings.subarray(state.offsets[t], state.offsets[t + 1]);
      index.#lists.set(term, { entries, length: entries.length });
    });
    return index;
  }

  /** For each word of the query, its postings in every language that occurs in the index. */
  #postingsOfQuery(query: string): PostingList[][] {
    const byWord = new Map<string, PostingList[]>();
    for (const language of this.#languages) {
      for (const { word, term } of analyzerFor(language).queryWords(query)) {
        const list = this.#lists.get(key(language, term));
        if (!list) continue;
        const lists = byWord.get(word) ?? [];
        if (!lists.includes(list)) lists.push(list);
        byWord.set(word, lists);
      }
    }
    return [...byWord.values()];
  }

  #post(term: string, passage: number, frequency: number): void {
    let list = this.#lists.get(term);
    if (!list) this.#lists.set(term, (list = { entries: new Uint32Array(2), length: 0 }));
    if (list.length === list.entries.length) {
      const larger = new Uint32Array(list.length * 2);
      larger.set(list.entries);
      list.entries = larger;
    }
    list.entries[list.length++] = (passage << 8) | Math.min(frequency, 255);
  }

  #languageNumber(language: string): number {
    const known = this.#languages.indexOf(language);
    return known >= 0 ? known : this.#languages.push(language) - 1;
  }
}

/** A term under its language. The separator cannot occur in a word. */
function key(language: string, term: string): string {
  return `${language}\u0000${term}`;
}
