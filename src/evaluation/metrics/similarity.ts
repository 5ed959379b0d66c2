/**
 * Cosine of the angle between two embeddings, in [-1, 1]; 0 when one of them is all zeros.
 *
 * @throws RangeError when the vectors have different lengths
 */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} dimensions cannot be compared with ${b.length}.`);
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  const norms = Math.sqrt(aa) * Math.sqrt(bb);
  return norms === 0 ? 0 : Math.min(1, Math.max(-1, dot / norms));
}
