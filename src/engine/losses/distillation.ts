import { rankingLoss } from './ranking.ts';
import { unitVector } from './unit-length.ts';

/**
 * How an embedder learns from a teacher's scores of every query's own candidates: `margin-mse` brings the differences
 * between positive and negatives to the teacher's (Hofstätter et al. 2020), `kl` the softmax over all of them.
 */
export type DistillationKind = 'margin-mse' | 'kl';

/**
 * @param vectors [queries + positives + negatives, size] as {@link contrastiveLoss} takes them, every query with the same
 *   number of negatives
 * @param teacher scores [queries, 1 + negatives per query], the positive first
 * @param scale factor of the cosines
 * @param gradient of the same shape as `vectors`: the loss's gradient times `weight` is added
 * @returns the mean loss, over margins or over queries
 */
export function distillationLoss(
  kind: DistillationKind,
  vectors: Float32Array,
  size: number,
  queries: number,
  teacher: Float32Array,
  scale: number,
  gradient?: Float64Array | Float32Array,
  weight = 1,
): number {
  const units = Array.from({ length: vectors.length / size }, (_, i) => unitVector(vectors, i * size, size));
  const each = units.length / queries - 1;
  const place = (query: number, candidate: number) =>
    candidate === 0 ? queries + query : queries * 2 + query * (each - 1) + candidate - 1;
  const scores = new Float64Array(queries * each);
  for (let q = 0; q < queries; q++) {
    for (let c = 0; c < each; c++) {
      const candidate = units[place(q, c)]!.unit;
      scores[q * each + c] = scale * units[q]!.unit.reduce((sum, value, i) => sum + value * candidate[i]!, 0);
    }
  }
  const { loss, gradient: dScores } =
    kind === 'kl'
      ? rankingLoss('kl', scores, new Array<number>(queries).fill(each), teacher)
      : marginLoss(scores, teacher, each);
  if (!gradient) return loss;
  const dUnits = units.map(() => new Float64Array(size));
  dScores.forEach((slope, i) => {
    const query = Math.floor(i / each);
    const candidate = place(query, i % each);
    for (let k = 0; k < size; k++) {
      dUnits[query]![k]! += weight * scale * slope * units[candidate]!.unit[k]!;
      dUnits[candidate]![k]! += weight * scale * slope * units[query]!.unit[k]!;
    }
  });
  units.forEach((unit, i) => unit.pullBack(dUnits[i]!, gradient, i * size));
  return loss;
}

function marginLoss(
  scores: Float64Array,
  teacher: Float32Array,
  each: number,
): { loss: number; gradient: Float64Array } {
  const gradient = new Float64Array(scores.length);
  const margins = scores.length - scores.length / each;
  let loss = 0;
  scores.forEach((score, i) => {
    const positive = i - (i % each);
    if (i === positive) return;
    const error = scores[positive]! - score - (teacher[positive]! - teacher[i]!);
    loss += error ** 2 / margins;
    gradient[positive]! += (2 * error) / margins;
    gradient[i]! -= (2 * error) / margins;
  });
  return { loss, gradient };
}
