import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateScanModule } from '../../../scripts/generate/scan.ts';
import { exactTop, kthLargest } from '../../../src/retrieval/vectors/exact-search.ts';
import { encodeQuery } from '../../../src/retrieval/vectors/query-code.ts';
import { quantise, recordBytes } from '../../../src/retrieval/vectors/record.ts';
import { ScanMemory } from '../../../src/retrieval/vectors/scan-memory.ts';
import { scanReference } from '../../../src/retrieval/vectors/scan-reference.ts';
import { bruteForce, clusteredUnitVectors, randomUnitVector, seededRandom } from '../../support/vectors.ts';

function filled(vectors: Float32Array, dimensions: number): { memory: ScanMemory; count: number } {
  const count = vectors.length / dimensions;
  const memory = new ScanMemory(dimensions);
  memory.reserve(count);
  const stride = recordBytes(dimensions);
  const records = memory.records(0, count);
  for (let i = 0; i < count; i++) {
    quantise(vectors.subarray(i * dimensions, (i + 1) * dimensions), records.subarray(i * stride, (i + 1) * stride));
  }
  return { memory, count };
}

function rows(vectors: Float32Array[]): Float32Array {
  return Float32Array.from(vectors.flatMap((vector) => [...vector]));
}

describe('the scan', () => {
  it('is compiled from the scan.wat that is here', async () => {
    const committed = readFileSync('src/retrieval/vectors/scan-module.ts', 'utf8');
    expect(committed).toBe(await generateScanModule());
  });

  // 17: the tail of a record is padding; 1,024: the largest embedders in use; constant vectors: the largest sums.
  it.each([1, 16, 17, 384, 1024])('gives the bounds of the plain version at %i dimensions', (dimensions) => {
    const random = seededRandom(dimensions);
    const constant = new Float32Array(dimensions).fill(1 / Math.sqrt(dimensions));
    const vectors = rows([constant, ...Array.from({ length: 40 }, () => randomUnitVector(random, dimensions))]);
    const { memory, count } = filled(vectors, dimensions);
    const allowed = Uint8Array.from({ length: count }, (_, i) => (i % 5 === 3 ? 0 : 1));
    for (const query of [constant, randomUnitVector(random, dimensions)]) {
      const fast = memory.scan(query, allowed);
      const plain = scanReference(memory.records(0, count), dimensions, encodeQuery(query), allowed);
      for (let i = 0; i < count; i++) {
        // Float32 rounding of a value below 2, a handful of times.
        if (!allowed[i]) expect(fast.lower[i]).toBe(-Infinity);
        else expect(Math.abs(fast.lower[i]! - plain.lower[i]!)).toBeLessThan(1e-6);
        if (!allowed[i]) expect(fast.upper[i]).toBe(-Infinity);
        else expect(Math.abs(fast.upper[i]! - plain.upper[i]!)).toBeLessThan(1e-6);
      }
    }
  });

  it('never states bounds that the true dot product leaves', () => {
    const component = fc.float({ min: -1, max: 1, noNaN: true });
    const vector = fc
      .array(component, { minLength: 24, maxLength: 24 })
      .filter((values) => values.some((v) => v !== 0));
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const unitLength = (values: number[]) => {
          const length = Math.hypot(...values);
          return Float32Array.from(values, (value) => value / length);
        };
        fc.pre(Math.hypot(...a) > 1e-6 && Math.hypot(...b) > 1e-6);
        const [stored, query] = [unitLength(a), unitLength(b)];
        const { lower, upper } = filled(stored, 24).memory.scan(query, Uint8Array.of(1));
        const score = bruteForce(stored, query, 1)[0]!.score;
        expect(lower[0]).toBeLessThanOrEqual(score);
        expect(upper[0]).toBeGreaterThanOrEqual(score);
      }),
    );
  });

  it('keeps records when its memory grows', () => {
    const random = seededRandom(3);
    const vectors = rows(Array.from({ length: 50 }, () => randomUnitVector(random, 32)));
    const { memory } = filled(vectors, 32);
    const before = memory.records(0, 50).slice();
    memory.reserve(200_000);
    expect(memory.records(0, 50)).toEqual(before);
  });
});

describe('exact search', () => {
  const dimensions = 64;
  const random = seededRandom(7);
  const sets = {
    random: rows(Array.from({ length: 5000 }, () => randomUnitVector(random, dimensions))),
    clustered: clusteredUnitVectors(random, 5000, dimensions, 8, 0.05),
    'nearly equal': clusteredUnitVectors(random, 5000, dimensions, 1, 0.001),
    equal: rows(Array.from({ length: 300 }, () => new Float32Array(dimensions).fill(1 / 8))),
  };

  it.each(Object.entries(sets))('finds what brute force finds among %s vectors, and how it finds it', (_, vectors) => {
    const { memory, count } = filled(vectors, dimensions);
    const allowed = Uint8Array.from({ length: count }, (_, i) => (i % 7 === 0 ? 0 : 1));
    for (let q = 0; q < 10; q++) {
      const query = q % 2 ? randomUnitVector(random, dimensions) : vectors.slice(q * dimensions, (q + 1) * dimensions);
      const { lower, upper } = memory.scan(query, allowed);
      const exact = (slot: number) =>
        bruteForce(vectors.subarray(slot * dimensions, (slot + 1) * dimensions), query, 1)[0]!.score;
      const expected = bruteForce(vectors, query, 100, (row) => allowed[row] === 1);
      expect(exactTop(lower, upper, 100, exact)).toEqual(expected);
    }
  });

  it('reads few full vectors', () => {
    const { memory, count } = filled(sets.random, dimensions);
    const query = randomUnitVector(random, dimensions);
    const { lower, upper } = memory.scan(query, new Uint8Array(count).fill(1));
    let reads = 0;
    exactTop(lower, upper, 10, (slot) => {
      reads++;
      return bruteForce(sets.random.subarray(slot * dimensions, (slot + 1) * dimensions), query, 1)[0]!.score;
    });
    expect(reads).toBeLessThan(count / 50);
  });

  it('gives what there is when fewer are allowed than wanted', () => {
    const { memory, count } = filled(sets.random, dimensions);
    const allowed = new Uint8Array(count);
    allowed[17] = 1;
    const { lower, upper } = memory.scan(randomUnitVector(random, dimensions), allowed);
    expect(exactTop(lower, upper, 10, () => 0.5)).toEqual([{ slot: 17, score: 0.5 }]);
  });

  it('knows the k-th largest value', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true })), fc.integer({ min: 1, max: 20 }), (values, k) => {
        const sorted = Float32Array.from(values).sort().reverse();
        expect(kthLargest(Float32Array.from(values), k)).toBe(sorted[k - 1] ?? -Infinity);
      }),
    );
  });
});
