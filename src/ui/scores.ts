/** Scores as people read them. */

/** A score in three digits, its minus as one: "0.713", "−1.42" (generators are scored by their negative loss). */
export function scoreText(score: number): string {
  const digits = Math.abs(score) >= 10 ? 1 : Math.abs(score) >= 1 ? 2 : 3;
  return score.toFixed(digits).replace('-', '−');
}

/** "+0.196", "−0.02", "±0": change by sign, never by colour alone. */
export function changeText(base: number, tuned: number): string {
  const change = tuned - base;
  const text = scoreText(change);
  if (Number(change.toFixed(3)) === 0) return '±0';
  return change > 0 ? `+${text}` : text;
}
