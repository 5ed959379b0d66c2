/**
 * MinHash by one-permutation hashing (Li, Owen, Zhang 2012): every shingle is hashed once and falls into one of the
 * bins, which keeps its least value; empty bins borrow from a random full one (Shrivastava 2017). The share of equal
 * bins of two texts estimates the Jaccard similarity of their shingles.
 */
export const bins = 100;

/** Shorter texts have too few shingles to compare. */
const leastShingles = 8;

/** Words per shingle. */
const shingleWords = 3;

/** Distinct hashes (32 bits) of the text's word triples; letter case and punctuation do not count. */
export function shingles(text: string): Set<number> {
  const hashes: number[] = [];
  for (const match of text.toLowerCase().matchAll(/[\u3040-\u30ff\u3400-\u9fff]|[\p{L}\p{N}]+/gu))
    hashes.push(hashWord(match[0]));
  const result = new Set<number>();
  for (let i = 0; i + shingleWords <= hashes.length; i++) {
    let h = 0x9e3779b9;
    for (let j = 0; j < shingleWords; j++) h = mix(Math.imul(h, 31) + hashes[i + j]!);
    result.add(h);
  }
  return result;
}

/** Jaccard similarity of two sets. */
export function jaccard(a: Set<number>, b: Set<number>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let common = 0;
  for (const value of small) if (large.has(value)) common++;
  const union = a.size + b.size - common;
  return union === 0 ? 0 : common / union;
}

/** Signature of [bins] 16-bit values, or undefined for a text that is too short. */
export function signatureOf(text: string): Uint16Array<ArrayBuffer> | undefined {
  const values = shingles(text);
  if (values.size < leastShingles) return undefined;
  const least = new Float64Array(bins).fill(Infinity);
  for (const value of values) {
    const unsigned = value >>> 0;
    const bin = unsigned % bins;
    const order = mix(unsigned ^ 0x5bd1e995) >>> 0;
    if (order < least[bin]!) least[bin] = order;
  }
  const signature = new Uint16Array(bins);
  for (let bin = 0; bin < bins; bin++) signature[bin] = least[donor(least, bin)]!;
  return signature;
}

function donor(least: Float64Array, bin: number): number {
  let from = bin;
  for (let attempt = 1; least[from] === Infinity; attempt++)
    from = (mix(Math.imul(bin + 1, 0x85ebca6b) + attempt) >>> 0) % bins;
  return from;
}

/** FNV-1a. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash;
}

/** Finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
