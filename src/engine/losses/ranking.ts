import { addSoftmaxGradient, logSumExp } from './softmax.ts';

/**
 * What a cross-encoder's scores are held against:
 * - `bce`: binary cross-entropy of every pair, labels 1 and 0 (MS MARCO cross-encoders);
 * - `listwise`: cross-entropy of the softmax over a group's candidates with its labels as shares (ListNet, Cao et al.
 *   2007; localised contrastive estimation, Gao et al. 2021);
 * - `mse`: squared distance to a teacher's scores; `kl`: divergence of the group's softmax from the teacher's.
 */
export type RankingLossKind = 'bce' | 'listwise' | 'mse' | 'kl';

/**
 * @param scores of all pairs, group after group
 * @param groups number of pairs of each group
 * @param labels as many as scores: 1 and 0, or a teacher's scores for `mse` and `kl`
 * @returns the mean loss, over pairs or over groups, and its gradient by the scores
 */
export function rankingLoss(
  kind: RankingLossKind,
  scores: Float64Array,
  groups: readonly number[],
  labels: ArrayLike<number>,
): { loss: number; gradient: Float64Array } {
  const gradient = new Float64Array(scores.length);
  let loss = 0;
  if (kind === 'bce' || kind === 'mse') {
    const pair = kind === 'bce' ? binaryCrossEntropy : squaredError;
    scores.forEach((score, i) => {
      const [value, slope] = pair(score, labels[i]!);
      loss += value / scores.length;
      gradient[i] = slope / scores.length;
    });
    return { loss, gradient };
  }
  let start = 0;
  for (const count of groups) {
    const shares = kind === 'kl' ? softmaxOf(labels, start, count) : normalised(labels, start, count);
    const total = logSumExp(scores, start, 1, count);
    for (let i = 0; i < count; i++) {
      const share = shares[i]!;
      if (share === 0) continue;
      const entropy = kind === 'kl' ? Math.log(share) : 0;
      loss += (share * (entropy + total - scores[start + i]!)) / groups.length;
    }
    // Shares add up to 1, or to 0 where no candidate is right: such a group teaches nothing.
    if (shares.some((share) => share > 0)) {
      addSoftmaxGradient(scores, gradient, { start, step: 1, count, total, share: 1 / groups.length });
      shares.forEach((share, i) => (gradient[start + i]! -= share / groups.length));
    }
    start += count;
  }
  return { loss, gradient };
}

/** -y·log σ(s) - (1-y)·log(1-σ(s)) without overflow, and its slope σ(s) - y. */
function binaryCrossEntropy(score: number, label: number): [number, number] {
  const loss = Math.max(score, 0) - score * label + Math.log1p(Math.exp(-Math.abs(score)));
  const chance = score >= 0 ? 1 / (1 + Math.exp(-score)) : Math.exp(score) / (1 + Math.exp(score));
  return [loss, chance - label];
}

function squaredError(score: number, label: number): [number, number] {
  return [(score - label) ** 2, 2 * (score - label)];
}

function normalised(labels: ArrayLike<number>, start: number, count: number): Float64Array {
  const shares = Float64Array.from({ length: count }, (_, i) => labels[start + i]!);
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum > 0 ? shares.map((share) => share / sum) : shares.fill(0);
}

function softmaxOf(values: ArrayLike<number>, start: number, count: number): Float64Array {
  const total = logSumExp(values, start, 1, count);
  return Float64Array.from({ length: count }, (_, i) => Math.exp(values[start + i]! - total));
}
