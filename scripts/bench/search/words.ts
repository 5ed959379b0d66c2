import MiniSearch from 'minisearch';
import { LexicalIndex } from '../../../src/retrieval/lexical/lexical-index.ts';
import { seededRandom } from '../../../tests/support/vectors.ts';

export interface WordTimes {
  /** Milliseconds to index all passages. */
  index: { ours: number; miniSearch: number };
  /** Median milliseconds of a query. */
  search: { ours: number; miniSearch: number };
}

const WORDS_PER_PASSAGE = 100;
const VOCABULARY = 50_000;

/** Passages of made-up words whose frequencies follow Zipf's law, and queries of eight words from passages. */
export function measureWords(count: number, queries: number): WordTimes {
  const random = seededRandom(2);
  const word = () => `w${Math.floor(VOCABULARY ** random()).toString(36)}x`;
  const passages = Array.from({ length: count }, () => Array.from({ length: WORDS_PER_PASSAGE }, word).join(' '));
  const questions = Array.from({ length: queries + 1 }, () => Array.from({ length: 8 }, word).join(' '));

  const ours = new LexicalIndex();
  const mini = new MiniSearch<{ id: number; text: string }>({ fields: ['text'] });
  return {
    index: {
      ours: time(() => passages.forEach((text, i) => ours.add(i, text, 'en'))),
      miniSearch: time(() => mini.addAll(passages.map((text, id) => ({ id, text })))),
    },
    search: {
      ours: medianTime(questions, (query) => ours.search(query, 100, { k1: 1.2, b: 0.75 })),
      miniSearch: medianTime(questions, (query) => mini.search(query)),
    },
  };
}

/** The first query warms up. */
function medianTime(queries: string[], search: (query: string) => unknown): number {
  const [, ...times] = queries.map((query) => time(() => search(query)));
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

function time(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
