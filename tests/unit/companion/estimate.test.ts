import { expect, test } from 'vitest';
import { estimateOf, shapeOf } from '../../../src/companion/estimate.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';

const row = (question: string, passage: string) =>
  ({ question, passage, answer: 'yes', headings: ['Part'] }) as unknown as ExampleRow;

test('a node is told how many rows there are and how long, and nothing that stands in them', () => {
  const shape = shapeOf({
    train: [row('secret?', 'secret passage'), row('other?', 'a longer secret passage')],
    validation: [row('held?', 'p')],
  });
  expect(shape).toEqual({ rows: 2, validation_rows: 1, characters: { question: 7, answer: 3, passage: 24 } });
});

test('what a node measured reads as the estimates of the tab do, with advice where it does not fit', () => {
  const request = { task: 'generator' as const, settings: { batchSize: 8 } };
  const there = { workers: 1, device: 'GPU', steps: 10, seconds_per_step: 0.5, seconds: 6, memory_bytes: 5 };
  expect(estimateOf({ ...there, memory_limit: 9, fits: true }, request, 'gpu.lan', 40)).toEqual({
    ...{ device: 'GPU of gpu.lan', examples: 40, steps: 10, secondsPerStep: 0.5, seconds: 6 },
    ...{ memoryBytes: 5, memoryLimit: 9, fits: true, advice: [] },
  });
  const { advice, fits } = estimateOf({ workers: 1, memory_limit: null, fits: false }, request, 'gpu.lan', 40);
  expect(fits).toBe(false);
  expect(advice).toContainEqual(expect.objectContaining({ knob: 'batchSize', value: 4 }));
  expect(advice.map(({ knob }) => knob)).not.toContain('weights');
});
