import type { SearchHit } from '../../retrieval/contract.ts';
import { contentWords, coverage } from '../text/words.ts';

/**
 * Logistic regression of "the documents answer this" on the best cosine similarity and the share of the question's
 * words that the best passages contain; fitted by `scripts/calibrate/relevance.ts`, figures in docs/adr/0051.
 */
export const RELEVANCE_WEIGHTS = { similarity: 20.5, coverage: 7.7, bias: -10.8 };

/** Without an embedder only the words speak. */
export const LEXICAL_WEIGHTS = { coverage: 13.2, bias: -5.8 };

const PASSAGES_LOOKED_AT = 3;
// "What is this document about?", "Summarise it": nothing in a passage resembles them, and every document answers them.
const ABOUT_THE_WHOLE =
  /^(?:about|all|brief|briefly|content|document|file|folder|idea|key|main|overview|page|point|short|summar\w*|text|topic|whole)$/;

/**
 * How likely it is that the passages answer the question, 0 to 1; 1 for a question about the documents as a whole.
 *
 * @param hits best first; their `dense.score` is taken as cosine similarity.
 */
export function relevanceOf(question: string, hits: readonly SearchHit[]): number {
  if (hits.length === 0) return 0;
  const words = contentWords(question);
  if (words.every((word) => ABOUT_THE_WHOLE.test(word))) return 1;
  const covered = Math.max(
    ...hits
      .slice(0, PASSAGES_LOOKED_AT)
      .map((hit) => coverage(words, new Set(contentWords([...hit.headings, hit.documentName, hit.text].join(' '))))),
  );
  const similarities = hits.flatMap((hit) => (hit.dense ? [hit.dense.score] : []));
  if (similarities.length === 0) return logistic(LEXICAL_WEIGHTS.coverage * covered + LEXICAL_WEIGHTS.bias);
  const { similarity, coverage: weight, bias } = RELEVANCE_WEIGHTS;
  return logistic(similarity * Math.max(...similarities) + weight * covered + bias);
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
