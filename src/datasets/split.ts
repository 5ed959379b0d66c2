import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { DatasetSplit } from '../storage/schema.ts';

const SHARES: [DatasetSplit, number][] = [
  ['validation', 0.1],
  ['test', 0.1],
];

/**
 * Deals documents out to the parts, about 80, 10 and 10 of 100 questions; no document lies in two parts. The order of
 * rows does not matter, and neither validation nor test is empty while there are three documents.
 *
 * @param counts questions by document
 */
export function splitByDocument(counts: ReadonlyMap<string, number>, seed: number): Map<string, DatasetSplit> {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const order = [...counts.keys()].map((key) => ({ key, rank: textHash(`${seed}\0${key}`) }));
  order.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const left = order.map(({ key }) => key);
  const parts = new Map<string, DatasetSplit>();
  for (const [part, share] of SHARES) {
    let taken = 0;
    // A document goes in while it brings the part nearer to its share; the first one always does.
    for (const key of [...left]) {
      const count = counts.get(key)!;
      const target = share * total;
      const nearer = Math.abs(taken + count - target) < Math.abs(taken - target);
      if (taken >= target || !nearer) continue;
      parts.set(key, part);
      left.splice(left.indexOf(key), 1);
      taken += count;
    }
    if (taken === 0 && left.length > 1) {
      // Every document is larger than the part should be: the smallest one is the least loss.
      const smallest = left.reduce((a, b) => (counts.get(b)! < counts.get(a)! ? b : a));
      parts.set(smallest, part);
      left.splice(left.indexOf(smallest), 1);
    }
  }
  for (const key of left) parts.set(key, 'train');
  return parts;
}

/** SHA-256 of a text, hex. */
export function textHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
