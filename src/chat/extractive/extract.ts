import type { SentenceSupport } from '../../storage/schema.ts';
import { plainText } from '../attribution/claims.ts';
import type { Attribution, Source } from '../attribution/attribute.ts';
import type { Similarities } from '../attribution/support.ts';
import { splitSentences } from '../text/sentences.ts';
import { contentWords, coverage } from '../text/words.ts';

/** A sentence of a passage. */
export interface Sentence {
  source: Source;
  text: string;
}

interface Candidate extends Sentence {
  /** Position of the passage in the ranking, and of the sentence in the passage, from 0. */
  rank: number;
  position: number;
  score: number;
}

const MOST_SENTENCES = 3;
// Below this share of the best sentence's score a further one adds more noise than answer.
const WORTH_ADDING = 0.75;
const WEIGHTS = { similarity: 1, coverage: 0.5, rank: 0.05 };
const FEWEST_WORDS = 3;
const LONGEST = 600;

/**
 * An answer without a generator: the sentences of the passages that are nearest to the question by meaning and words,
 * in the passages' order, each with its citation.
 *
 * @param sources the passages, best first.
 * @returns an empty text when no passage has a sentence (tables, code).
 */
export async function extractAnswer(
  question: string,
  sources: readonly Source[],
  similarities: Similarities,
): Promise<Attribution> {
  return write(await bestSentences(question, sources, similarities));
}

/** The few sentences that are nearest to the question, in the passages' order. */
export async function bestSentences(
  question: string,
  sources: readonly Source[],
  similarities: Similarities,
): Promise<Sentence[]> {
  const candidates = sources.flatMap(sentencesOf);
  if (candidates.length === 0) return [];
  const cosine = await similarities(
    [question],
    candidates.map((candidate) => candidate.text),
  );
  const words = contentWords(question);
  candidates.forEach((candidate, index) => {
    const overlap = coverage(words, new Set(contentWords(candidate.text)));
    candidate.score =
      WEIGHTS.similarity * (cosine[index] ?? 0) + WEIGHTS.coverage * overlap - WEIGHTS.rank * candidate.rank;
  });
  const ranked = candidates.toSorted((a, b) => b.score - a.score);
  const near = distinct(ranked.filter(({ score }) => score >= ranked[0]!.score * WORTH_ADDING));
  return near.slice(0, MOST_SENTENCES).sort((a, b) => a.rank - b.rank || a.position - b.position);
}

function sentencesOf(source: Source, rank: number): Candidate[] {
  return splitSentences(source.text).flatMap(({ start, end }, position) => {
    const raw = source.text.slice(start, end);
    const text = plainText(raw);
    const isProse =
      !/^\s*(?:\||```|#{1,6}\s|!\[)/.test(raw) && contentWords(text).length >= FEWEST_WORDS && text.length <= LONGEST;
    // "The steps are:" answers nothing without its list.
    const announces = text.endsWith(':');
    return isProse && !announces ? [{ source, rank, position, text, score: 0 }] : [];
  });
}

/** The candidates without those that say the same words again (overlapping passages hold the same sentence). */
function distinct(candidates: Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ text }) => {
    const key = contentWords(text).join(' ');
    return !seen.has(key) && seen.add(key);
  });
}

function write(chosen: readonly Sentence[]): Attribution {
  const support: SentenceSupport[] = [];
  let text = '';
  for (const { source, text: sentence } of chosen) {
    if (text !== '') text += '\n\n';
    const start = text.length;
    text += `${sentence} [${source.number}]`;
    support.push({ start, end: text.length, passages: [source.number], basis: 'cited' });
  }
  return { text, support };
}
