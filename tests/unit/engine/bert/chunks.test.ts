import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyBias, planChunks, poolingShares } from '../../../../src/engine/models/bert/training/chunks.ts';

test('every text is in one chunk that is long enough, no chunk is larger than asked unless a single text is', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 512 }), { maxLength: 60 }),
      fc.integer({ min: 8, max: 2000 }),
      (lengths, most) => {
        const chunks = planChunks(lengths, most);
        expect(chunks.flatMap(({ texts }) => texts).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        for (const { texts, length } of chunks) {
          expect(length % 8).toBe(0);
          expect(texts.every((text) => lengths[text]! <= length)).toBe(true);
          expect(texts.length === 1 || texts.length * length <= most).toBe(true);
        }
      },
    ),
  );
});

test('short texts are not padded to the length of long ones', () => {
  const chunks = planChunks([500, 20, 21, 480, 19], 4096);
  expect(chunks).toEqual([
    { texts: [0, 3], length: 504 },
    { texts: [2, 1, 4], length: 24 },
  ]);
});

test('padding is hidden from attention and has no share in the mean', () => {
  const texts = [[5, 6, 7], [8]];
  expect([...keyBias(texts, 4)]).toEqual([0, 0, 0, -1e9, 0, -1e9, -1e9, -1e9]);
  expect([...poolingShares(texts, 4, 'mean')]).toEqual([...Float32Array.of(1 / 3, 1 / 3, 1 / 3, 0, 1, 0, 0, 0)]);
  expect([...poolingShares(texts, 4, 'cls')]).toEqual([1, 0, 0, 0, 1, 0, 0, 0]);
});
