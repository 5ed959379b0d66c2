import { recallAtK, reciprocalRank } from '../../../src/evaluation/metrics/ranking.ts';
import { bruteForce } from '../../../tests/support/vectors.ts';
import type { RetrievalSet } from '../retrieval/sets.ts';

/** Rows of length 1. */
export interface Vectors {
  passages: Float32Array<ArrayBuffer>;
  questions: Float32Array<ArrayBuffer>;
}

/** How far down a ranking is looked at; the reciprocal rank beyond counts as 0. */
const DEPTH = 100;

export const RANK_METRICS = {
  'recall@1': (ranked: number[], relevant: Set<number>) => recallAtK(ranked, relevant, 1),
  'recall@5': (ranked: number[], relevant: Set<number>) => recallAtK(ranked, relevant, 5),
  MRR: (ranked: number[], relevant: Set<number>) => reciprocalRank(ranked, relevant),
};

/** For each question the passages, nearest first. */
export function rankings({ passages, questions }: RetrievalSet, vectors: Vectors): number[][] {
  const width = vectors.passages.length / passages.length;
  return questions.map((_, q) =>
    bruteForce(vectors.passages, vectors.questions.subarray(q * width, (q + 1) * width), DEPTH).map(({ slot }) => slot),
  );
}
