import { addSoftmaxGradient, logSumExp, type Line } from './softmax.ts';
import { unitVector, type UnitVector } from './unit-length.ts';

export interface ContrastiveOptions {
  /** Factor of the cosines, 1/temperature. */
  scale: number;
  /** Every positive also has to find its query among the batch's. */
  symmetric?: boolean;
  /**
   * Matryoshka (Kusupati et al. 2022): the loss is the mean over vectors cut to these lengths. Absent: the whole vector.
   */
  dimensions?: readonly number[];
  /** For each query the candidates, beside its own, that are right for it too: they take no part in its softmax. */
  alsoRight?: readonly (readonly number[])[];
}

export const DEFAULT_SCALE = 20;

/**
 * MultipleNegativesRanking, also called InfoNCE (van den Oord et al. 2018; Henderson et al. 2017): cross-entropy of each
 * query's positive among all candidates of the batch, by scaled cosine.
 *
 * @param vectors [queries + candidates, size], queries first; the i-th query's positive is the i-th candidate, mined hard
 *   negatives follow the positives
 * @param gradient of the same shape: the loss's gradient times `weight` is added
 * @returns the mean loss
 */
export function contrastiveLoss(
  vectors: Float32Array,
  size: number,
  queries: number,
  options: ContrastiveOptions,
  gradient?: Float64Array | Float32Array,
  weight = 1,
): number {
  const dimensions = options.dimensions?.length ? options.dimensions : [size];
  let loss = 0;
  for (const dimension of dimensions) {
    const units = Array.from({ length: vectors.length / size }, (_, i) => unitVector(vectors, i * size, dimension));
    loss += ranked(units, size, queries, options, gradient, weight / dimensions.length) / dimensions.length;
  }
  return loss;
}

/** Rows are queries, columns candidates: [Q, C] of scaled cosines. */
function ranked(
  units: readonly UnitVector[],
  size: number,
  queries: number,
  { scale, symmetric = false, alsoRight }: ContrastiveOptions,
  gradient: Float64Array | Float32Array | undefined,
  weight: number,
): number {
  const candidates = units.length - queries;
  const scores = new Float64Array(queries * candidates);
  for (let q = 0; q < queries; q++) {
    for (let c = 0; c < candidates; c++)
      scores[q * candidates + c] = scale * dot(units[q]!.unit, units[queries + c]!.unit);
    for (const c of alsoRight?.[q] ?? []) scores[q * candidates + c] = -Infinity;
  }
  const dScores = new Float64Array(scores.length);
  const directions = symmetric ? 2 : 1;
  const share = 1 / (queries * directions);
  let loss = 0;
  for (let q = 0; q < queries; q++)
    loss += crossEntropy(scores, dScores, { start: q * candidates, step: 1, count: candidates, target: q, share });
  if (symmetric) {
    for (let c = 0; c < queries; c++)
      loss += crossEntropy(scores, dScores, { start: c, step: candidates, count: queries, target: c, share });
  }
  if (gradient) spread(units, size, queries, dScores, scale * weight, gradient);
  return loss * share;
}

/** Cross-entropy of one row or column; adds share·(softmax - one-hot) to its gradients. */
function crossEntropy(
  scores: Float64Array,
  dScores: Float64Array,
  line: Omit<Line, 'total'> & { target: number },
): number {
  const { start, step, count, target, share } = line;
  const total = logSumExp(scores, start, step, count);
  addSoftmaxGradient(scores, dScores, { ...line, total });
  dScores[start + target * step]! -= share;
  return total - scores[start + target * step]!;
}

/** From gradients by scores to gradients by vectors: dq = Σ_c dS_qc·c, dc = Σ_q dS_qc·q, through the normalisation. */
function spread(
  units: readonly UnitVector[],
  size: number,
  queries: number,
  dScores: Float64Array,
  factor: number,
  gradient: Float64Array | Float32Array,
): void {
  const candidates = units.length - queries;
  const dUnits = units.map(({ unit }) => new Float64Array(unit.length));
  for (let q = 0; q < queries; q++) {
    for (let c = 0; c < candidates; c++) {
      const d = factor * dScores[q * candidates + c]!;
      addScaled(dUnits[q]!, units[queries + c]!.unit, d);
      addScaled(dUnits[queries + c]!, units[q]!.unit, d);
    }
  }
  units.forEach((unit, i) => unit.pullBack(dUnits[i]!, gradient, i * size));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(to: Float64Array, from: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * from[i]!;
}
