/** Random numbers that repeat: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A vector of normally distributed components (Box-Muller), scaled to unit length. */
export function randomUnitVector(random: () => number, dimensions: number): Float32Array {
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return unit(Float32Array.from({ length: dimensions }, gaussian));
}

/** `count` unit vectors, row-major: each is one of `centres` moved by `spread`, so many are nearly equal. */
export function clusteredUnitVectors(
  random: () => number,
  count: number,
  dimensions: number,
  centres: number,
  spread: number,
): Float32Array {
  const middle = Array.from({ length: centres }, () => randomUnitVector(random, dimensions));
  const vectors = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i++) {
    const noise = randomUnitVector(random, dimensions);
    const centre = middle[Math.floor(random() * centres)]!;
    vectors.set(unit(noise.map((component, d) => centre[d]! + spread * component)), i * dimensions);
  }
  return vectors;
}

export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, component) => sum + component ** 2, 0));
  return vector.map((component) => component / length);
}

/** The plain search that fast ones are held to: every dot product in float64, then a full sort. */
export function bruteForce(
  vectors: Float32Array,
  query: Float32Array,
  limit: number,
  allowed: (row: number) => boolean = () => true,
): { slot: number; score: number }[] {
  const dimensions = query.length;
  const scored = [];
  for (let row = 0; row < vectors.length / dimensions; row++) {
    if (!allowed(row)) continue;
    let score = 0;
    for (let d = 0; d < dimensions; d++) score += vectors[row * dimensions + d]! * query[d]!;
    scored.push({ slot: row, score });
  }
  return scored.sort((a, b) => b.score - a.score || a.slot - b.slot).slice(0, limit);
}
