/**
 * Uniform numbers in [0, 1): Chris Doty-Humphrey's sfc32, its state set to a seed and two counters.
 *
 * A stream is a function of (seed, step, position) alone: what a step draws does not depend on what was drawn before,
 * so a resumed run draws what an uninterrupted one would have drawn.
 */
export function seededRandom(seed: number, step = 0, position = 0): () => number {
  const next = words(seed, step, position);
  return () => next() / 2 ** 32;
}

/** One 32-bit seed out of a seed and two counters, for what takes a single number. */
export function seedOf(seed: number, step: number, position = 0): number {
  return words(seed, step, position)();
}

function words(seed: number, step: number, position: number): () => number {
  let a = seed | 0;
  let b = step | 0;
  let c = position | 0;
  let counter = 1;
  const next = () => {
    const word = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };
  // Neighbouring seeds differ in one bit; after these rounds, in half of them.
  for (let round = 0; round < 15; round++) next();
  return next;
}

/** A shuffled copy (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}
