/**
 * The scores by which passages are put in order: what the ranking model thinks, and what the search thought. A small
 * ranking model by itself is a weaker judge than meaning and words together; as a correction of theirs it is trained, and
 * so it is used.
 *
 * @param scores of the ranking model, log-odds
 * @param found scores of the search for the same passages, from 0; their unit does not matter, for the best counts as 1
 * @param weight of the search's score in log-odds; 0 leaves the order to the ranking model
 * @returns as many scores
 */
export function withSearchScores(scores: ArrayLike<number>, found: readonly number[], weight: number): number[] {
  const best = Math.max(...found);
  return Array.from(scores, (score, i) => score + (best > 0 ? (weight * found[i]!) / best : 0));
}
