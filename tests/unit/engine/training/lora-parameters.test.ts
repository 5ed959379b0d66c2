import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LoraSettings } from '../../../../src/engine/adapters/lora-adapter.ts';
import { createLoraParameters, type LinearModule } from '../../../../src/engine/training/lora-parameters.ts';
import { seededRandom, seedOf, shuffled } from '../../../../src/engine/training/random.ts';

const SETTINGS: LoraSettings = {
  rank: 4,
  alpha: 8,
  rankStabilised: false,
  dropout: 0,
  targets: ['output.dense', 'attention.self.query'],
};

const NAMES = ['attention.self.query', 'attention.output.dense', 'output.dense'];
const MODULES: LinearModule[] = [0, 1, 2].flatMap((block) =>
  NAMES.map((name) => ({ path: `encoder.layer.${block}.${name}`, inFeatures: 100, outFeatures: 6 })),
);

test('targets are whole names within a block', () => {
  const { adapter } = createLoraParameters(MODULES, SETTINGS, 1);
  expect([...adapter.pairs.keys()]).toEqual(
    [0, 1, 2].flatMap((block) => [
      `encoder.layer.${block}.attention.self.query`,
      `encoder.layer.${block}.output.dense`,
    ]),
  );
});

test('top blocks are the last ones', () => {
  const { adapter } = createLoraParameters(MODULES, { ...SETTINGS, targets: ['output.dense'], topBlocks: 2 }, 1);
  expect([...adapter.pairs.keys()]).toEqual(['encoder.layer.1.output.dense', 'encoder.layer.2.output.dense']);
});

test('a target that is no layer is refused with the layers that there are', () => {
  expect(() => createLoraParameters(MODULES, { ...SETTINGS, targets: ['q_proj'] }, 1)).toThrow(
    expect.objectContaining({ code: 'training/no-target', wayOut: expect.stringContaining('attention.self.query') }),
  );
});

test('A is uniform in ±1/√in, B zero, the head like a fresh linear layer; the seed decides', () => {
  const head = [{ path: 'classifier', inFeatures: 100, outFeatures: 1 }];
  const created = createLoraParameters(MODULES, SETTINGS, 5, head);
  const values = [...created.adapter.pairs.values()].flatMap(({ a }) => [...a]);
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.1);
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  // 2,400 draws of variance 1/300: the standard error of the estimate is 2 %.
  expect(variance * 300).toBeGreaterThan(0.9);
  expect(variance * 300).toBeLessThan(1.1);
  for (const { b } of created.adapter.pairs.values()) expect(b.every((value) => value === 0)).toBe(true);
  expect(created.full('classifier')!.weight.shape).toEqual([1, 100]);
  expect(created.full('classifier')!.weight.data.some((value) => value !== 0)).toBe(true);

  expect(createLoraParameters(MODULES, SETTINGS, 5, head).adapter).toEqual(created.adapter);
  expect(createLoraParameters(MODULES, SETTINGS, 6, head).adapter).not.toEqual(created.adapter);
});

test('the adapter is a view of the parameters', () => {
  const created = createLoraParameters(MODULES, SETTINGS, 1);
  const pair = created.pair('encoder.layer.0.output.dense')!;
  pair.b.data[3] = 42;
  expect(created.adapter.pairs.get('encoder.layer.0.output.dense')!.b[3]).toBe(42);
  expect(pair.a).toMatchObject({ name: 'encoder.layer.0.output.dense.lora_A.weight', shape: [4, 100] });
  expect(pair.b.shape).toEqual([6, 4]);
  expect(created.pair('encoder.layer.0.attention.output.dense')).toBeUndefined();
  expect(created.parameters).toHaveLength(12);
});

test('streams of neighbouring seeds, steps and positions have nothing in common', () => {
  const streams = [
    [1, 0, 0],
    [2, 0, 0],
    [1, 1, 0],
    [1, 0, 1],
    [1, 2, 0],
  ].map(([seed, step, position]) => {
    const random = seededRandom(seed!, step, position);
    return Array.from({ length: 2000 }, random);
  });
  for (const [i, one] of streams.entries()) {
    for (const two of streams.slice(0, i)) {
      const correlation = one.reduce((sum, value, k) => sum + (value - 0.5) * (two[k]! - 0.5), 0) / (2000 / 12);
      // Standard error 1/√2000 = 0.022.
      expect(Math.abs(correlation)).toBeLessThan(0.09);
    }
  }
  const seeds = Array.from({ length: 1000 }, (_, i) => seedOf(3, i % 100, Math.floor(i / 100)));
  expect(new Set(seeds).size).toBe(1000);
});

test('the generator gives the numbers of the published sfc32', () => {
  // From a plain C compilation of PractRand's sfc32 with a = 1, b = 2, c = 3, counter 1, 15 rounds thrown away.
  const random = seededRandom(1, 2, 3);
  expect(Array.from({ length: 4 }, () => random() * 2 ** 32)).toEqual([3987121759, 92551270, 1122162139, 24194941]);
});

test('shuffling keeps every item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      expect(shuffled(items, seededRandom(seed)).sort()).toEqual([...items].sort());
    }),
  );
});
