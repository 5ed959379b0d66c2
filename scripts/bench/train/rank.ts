import { recallAtK, reciprocalRank } from '../../../src/evaluation/metrics/ranking.ts';
import { bruteForce } from '../../../tests/support/vectors.ts';
import type { RetrievalSet } from '../retrieval/sets.ts';

/** Rows of length 1, of 384 numbers. */
export interface Vectors {
  passages: Float32Array<ArrayBuffer>;
  questions: Float32Array<ArrayBuffer>;
}

/** For each question, indices of passages, nearest first. */
export type Rankings = number[][];

export const DIMENSIONS = 384;
/** How far down a ranking is looked at; the reciprocal rank beyond counts as 0. */
export const DEPTH = 100;

export const RANK_METRICS = {
  'recall@1': (ranked: number[], relevant: Set<number>) => recallAtK(ranked, relevant, 1),
  'recall@5': (ranked: number[], relevant: Set<number>) => recallAtK(ranked, relevant, 5),
  MRR: (ranked: number[], relevant: Set<number>) => reciprocalRank(ranked, relevant),
};

export function rankings({ questions }: RetrievalSet, vectors: Vectors): Rankings {
  return questions.map((_, q) =>
    bruteForce(vectors.passages, row(vectors.questions, q), DEPTH).map(({ slot }) => slot),
  );
}

/** [DIMENSIONS] */
export function questionVector({ questions }: Vectors, question: number): Float32Array {
  return row(questions, question);
}

function row(vectors: Float32Array, index: number): Float32Array {
  return vectors.subarray(index * DIMENSIONS, (index + 1) * DIMENSIONS);
}
