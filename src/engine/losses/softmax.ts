/** log Σ exp of `count` numbers, `step` apart, without overflow. */
export function logSumExp(values: ArrayLike<number>, start: number, step: number, count: number): number {
  let highest = -Infinity;
  for (let i = 0; i < count; i++) highest = Math.max(highest, values[start + i * step]!);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp(values[start + i * step]! - highest);
  return highest + Math.log(sum);
}

export interface Line {
  start: number;
  step: number;
  count: number;
  /** Their {@link logSumExp}. */
  total: number;
  /** Factor of what is added. */
  share: number;
}

/** Adds share·softmax(scores), the gradient of share·logSumExp, to the line's gradients. */
export function addSoftmaxGradient(
  scores: ArrayLike<number>,
  gradient: Float64Array,
  { start, step, count, total, share }: Line,
): void {
  for (let i = 0; i < count; i++) {
    const at = start + i * step;
    gradient[at]! += share * Math.exp(scores[at]! - total);
  }
}
