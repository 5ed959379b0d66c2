import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LENGTH_STEP, planBatches } from '../../../src/retrieval/embedder/batches.ts';

test('every text is in one batch, fits its length, and batches keep to the budget', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 512 }), { maxLength: 80 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 8, max: 4096 }), (tokens, budget) => {
      const batches = planBatches(tokens, budget);
      expect(batches.flatMap(({ indices }) => indices).sort((a, b) => a - b)).toEqual(tokens.map((_, i) => i));
      for (const { indices, length } of batches) {
        expect(length % LENGTH_STEP).toBe(0);
        expect(length - Math.max(...indices.map((i) => tokens[i]!))).toBeGreaterThanOrEqual(0);
        expect(length - Math.max(...indices.map((i) => tokens[i]!))).toBeLessThan(LENGTH_STEP);
        if (indices.length > 1) expect(indices.length * length).toBeLessThanOrEqual(budget);
      }
    }),
  );
});

test('texts of like length run together, so that little is padded', () => {
  const tokens = [10, 200, 12, 190, 11, 195];
  expect(planBatches(tokens, 600)).toEqual([
    { indices: [1, 5, 3], length: 200 },
    { indices: [2, 4, 0], length: 16 },
  ]);
});
