/** A vector's place in its index, with its exact score. */
export interface ScoredSlot {
  slot: number;
  score: number;
}

/**
 * The `limit` best vectors by exact score, from bounds alone plus as few exact scores as the bounds allow.
 *
 * Candidates are taken by falling upper bound. Once `limit` exact scores are known and the next upper bound is below the
 * worst of them, no remaining vector can enter: the result equals brute force (Fagin's threshold argument).
 *
 * @param lower, upper bounds per slot; -Infinity excludes the slot.
 * @param exactScore reads the full vector: the expensive part.
 * @returns falling by score; equal scores by rising slot.
 */
export function exactTop(
  lower: Float32Array,
  upper: Float32Array,
  limit: number,
  exactScore: (slot: number) => number,
): ScoredSlot[] {
  const floor = kthLargest(lower, limit);
  const candidates: number[] = [];
  for (let slot = 0; slot < upper.length; slot++) {
    if (upper[slot]! >= floor && upper[slot]! > -Infinity) candidates.push(slot);
  }
  candidates.sort((a, b) => upper[b]! - upper[a]! || a - b);

  const best: ScoredSlot[] = [];
  for (const slot of candidates) {
    if (best.length === limit && upper[slot]! < best[limit - 1]!.score) break;
    insert(best, { slot, score: exactScore(slot) }, limit);
  }
  return best;
}

/** Keeps `best` sorted and at most `limit` long. */
function insert(best: ScoredSlot[], entry: ScoredSlot, limit: number): void {
  let low = 0;
  let high = best.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = best[middle]!;
    if (other.score > entry.score || (other.score === entry.score && other.slot < entry.slot)) low = middle + 1;
    else high = middle;
  }
  if (low >= limit) return;
  best.splice(low, 0, entry);
  if (best.length > limit) best.pop();
}

/** The k-th largest value, or -Infinity when there are fewer; a min-heap of size k, so one pass and no copy. */
export function kthLargest(values: Float32Array, k: number): number {
  if (k > values.length) return -Infinity;
  const heap = new Float32Array(k).fill(-Infinity);
  for (const value of values) {
    if (value <= heap[0]!) continue;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= k) break;
      if (child + 1 < k && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= value) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = value;
  }
  return heap[0]!;
}
