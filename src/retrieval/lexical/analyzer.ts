import { newStemmer } from 'snowball-stemmers';
import { languages } from './languages.ts';

/** A word of a text with the term under which it is indexed. */
export interface AnalysedWord {
  /** As it stands in the text. */
  word: string;
  term: string;
}

/** Letters, digits and marks, with an apostrophe between letters ("l'eau", "O'Neil"). */
const WORD = /[\p{L}\p{N}\p{M}]+(?:['\u2019]\p{L}[\p{L}\p{M}]*)*/gu;
/** Scripts written without spaces: their runs are cut into overlapping pairs, as Lucene's CJK analyser does. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;
const MARKS = /\p{M}+/gu;

/** Longer "words" are base64, hashes and the like: nobody searches them, and they would fill the dictionary. */
const LONGEST_TERM = 64;
/** Zipf's law makes a cache of stems pay; it is emptied rather than tracked when a strange corpus fills it. */
const CACHE_LIMIT = 200_000;

/**
 * Turns text into index terms for one language: lower case, Snowball stem, accents removed. The accents go last because
 * the stemmers know them ("été"), while people search without ("ete").
 */
export class Analyzer {
  readonly language: string;
  #stem: (word: string) => string;
  #stopwords: ReadonlySet<string>;
  #terms = new Map<string, string>();

  /** @param language ISO 639-1; an unknown one is analysed without stemming. */
  constructor(language: string) {
    this.language = language;
    const data = languages[language];
    if (data) {
      const stemmer = newStemmer(data.stemmer);
      this.#stem = (word) => stemmer.stem(word);
    } else {
      this.#stem = (word) => word;
    }
    this.#stopwords = new Set(data?.stopwords);
  }

  /** Every word of the text in order, stop words included. */
  words(text: string): AnalysedWord[] {
    const found: AnalysedWord[] = [];
    for (const [match] of text.matchAll(WORD)) {
      if (match.length > LONGEST_TERM) continue;
      const unspaced = match.match(UNSPACED);
      if (unspaced) for (const run of unspaced) pairs(run).forEach((pair) => found.push({ word: pair, term: pair }));
      const spaced = unspaced ? match.replace(UNSPACED, ' ').trim() : match;
      if (spaced) found.push({ word: spaced, term: this.#term(spaced) });
    }
    return found;
  }

  /**
   * The words of a query. Stop words are dropped, unless the query has nothing else ("to be or not to be"): they are in
   * the index, so such a query still finds its passage.
   */
  queryWords(query: string): AnalysedWord[] {
    const words = this.words(query);
    const meaningful = words.filter(({ word }) => !this.#stopwords.has(normalise(word)));
    return meaningful.length > 0 ? meaningful : words;
  }

  #term(word: string): string {
    let term = this.#terms.get(word);
    if (term === undefined) {
      term = this.#stem(normalise(word)).normalize('NFD').replace(MARKS, '');
      if (this.#terms.size >= CACHE_LIMIT) this.#terms.clear();
      this.#terms.set(word, term);
    }
    return term;
  }
}

function normalise(word: string): string {
  return word.normalize('NFKC').toLowerCase().replaceAll('\u2019', "'");
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, i) => characters[i]! + character);
}

const analyzers = new Map<string, Analyzer>();

/** The one analyser of a language in this thread. */
export function analyzerFor(language: string | undefined): Analyzer {
  const code = language ?? '';
  let analyzer = analyzers.get(code);
  if (!analyzer) analyzers.set(code, (analyzer = new Analyzer(code)));
  return analyzer;
}

/** Words of `text`, as written, whose term is one of the query's; each once, in order of appearance. For marking. */
export function matchedWords(query: string, text: string, language: string | undefined): string[] {
  const analyzer = analyzerFor(language);
  const terms = new Set(analyzer.queryWords(query).map(({ term }) => term));
  return [...new Set(analyzer.words(text).flatMap(({ word, term }) => (terms.has(term) ? [word] : [])))];
}
