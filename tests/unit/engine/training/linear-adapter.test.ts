import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyLinearAdapter,
  readLinearAdapter,
  writeLinearAdapter,
  type LinearAdapter,
} from '../../../../src/engine/adapters/linear-adapter.ts';
import { createLinearTrainer, type VectorBatch } from '../../../../src/engine/training/linear-adapter.ts';
import { seededRandom } from '../../../../src/engine/training/random.ts';
import type { TrainOptions } from '../../../../src/engine/training/train-options.ts';
import { train } from '../../../../src/engine/training/train.ts';
import { bruteForce, randomUnitVector } from '../../../support/vectors.ts';

function unitRows(random: () => number, count: number, dimensions: number): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i++) rows.set(randomUnitVector(random, dimensions), i * dimensions);
  return rows;
}

/** The loss by its definition, in double and without a single shortcut. */
function plainLoss(adapter: LinearAdapter, batch: VectorBatch, scale: number, symmetric: boolean): number {
  const { dimensions: d, rank, a, b, bias, sides } = adapter;
  const rows = (flat: Float32Array) =>
    Array.from({ length: flat.length / d }, (_, i) => [...flat.subarray(i * d, (i + 1) * d)]);
  const map = (x: number[]): number[] => {
    const y = x.map((_, i) => {
      let change = 0;
      for (let j = 0; j < d; j++) {
        if (rank === 0) change += b[i * d + j]! * x[j]!;
        else for (let k = 0; k < rank; k++) change += b[i * rank + k]! * a[k * d + j]! * x[j]!;
      }
      return x[i]! + change + (bias?.[i] ?? 0);
    });
    const length = Math.sqrt(y.reduce((sum, value) => sum + value ** 2, 0));
    return y.map((value) => value / length);
  };
  const passage = (x: number[]) => (sides === 'both' ? map(x) : x);
  const queries = rows(batch.queries).map(map);
  const positives = rows(batch.positives).map(passage);
  const all = [...positives, ...rows(batch.negatives).map(passage)];
  const dot = (x: number[], y: number[]) => scale * x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  const crossEntropy = (logits: number[], right: number) =>
    Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - logits[right]!;
  const mean = (losses: number[]) => losses.reduce((sum, value) => sum + value, 0) / losses.length;
  const forward = mean(
    queries.map((q, i) =>
      crossEntropy(
        all.map((p) => dot(q, p)),
        i,
      ),
    ),
  );
  if (!symmetric) return forward;
  return (
    (forward +
      mean(
        positives.map((p, i) =>
          crossEntropy(
            queries.map((q) => dot(q, p)),
            i,
          ),
        ),
      )) /
    2
  );
}

const OPTIONS = { dimensions: 7, scale: 5, seed: 3 };

describe.each([
  { sides: 'queries', rank: 0, bias: false, symmetric: false },
  { sides: 'queries', rank: 3, bias: true, symmetric: true },
  { sides: 'both', rank: 0, bias: true, symmetric: false },
  { sides: 'both', rank: 2, bias: false, symmetric: true },
] as const)('a map of $sides of rank $rank (bias $bias, symmetric $symmetric)', (kind) => {
  const trainer = createLinearTrainer({ ...OPTIONS, ...kind });
  const random = seededRandom(9);
  for (const { data } of trainer.parameters) data.forEach((_, i) => (data[i] = random() - 0.5));
  const batch: VectorBatch = {
    queries: unitRows(random, 4, 7),
    positives: unitRows(random, 4, 7),
    negatives: unitRows(random, 5, 7),
  };

  test('has the loss of its definition', async () => {
    const { loss } = await trainer.evaluate(batch);
    // Mapped vectors are rounded to float32 once.
    expect(loss).toBeCloseTo(plainLoss(trainer.adapter(), batch, OPTIONS.scale, kind.symmetric), 6);
  });

  test('has the gradient of finite differences', async () => {
    for (const { gradient } of trainer.parameters) gradient.fill(0);
    await trainer.accumulate(batch, 1, 0);
    await trainer.accumulate(batch, 0.5, 0);
    const loss = () => plainLoss(trainer.adapter(), batch, OPTIONS.scale, kind.symmetric);
    for (const { data, gradient } of trainer.parameters) {
      for (let i = 0; i < data.length; i++) {
        const value = data[i]!;
        // Steps that float32 holds exactly; the error of the central difference is of the order of 1e-5.
        const [up, down] = [Math.fround(value + 2 ** -9), Math.fround(value - 2 ** -9)];
        data[i] = up;
        const above = loss();
        data[i] = down;
        const below = loss();
        data[i] = value;
        expect(Math.abs(gradient[i]! - (1.5 * (above - below)) / (up - down))).toBeLessThan(5e-5);
      }
    }
  });
});

test('an untrained map changes nothing; a trained one finds what a rotation had hidden', async () => {
  const dimensions = 16;
  const count = 400;
  const random = seededRandom(4);
  const passages = unitRows(random, count, dimensions);
  // Questions are their passages with the dimensions turned by one place, and some noise.
  const queries = new Float32Array(passages.length);
  for (let i = 0; i < count; i++) {
    const row = randomUnitVector(random, dimensions).map(
      (noise, d) => 0.3 * noise + passages[i * dimensions + ((d + 1) % dimensions)]!,
    );
    queries.set(row, i * dimensions);
  }
  const trainer = createLinearTrainer({
    dimensions,
    sides: 'queries',
    rank: 0,
    bias: false,
    scale: 20,
    symmetric: false,
    seed: 1,
  });
  const recall = () => {
    const mapped = applyLinearAdapter(trainer.adapter(), queries.slice(300 * dimensions), 'query');
    let found = 0;
    for (let i = 0; i < 100; i++) {
      const [best] = bruteForce(passages, mapped.subarray(i * dimensions, (i + 1) * dimensions), 1);
      if (best!.slot === 300 + i) found++;
    }
    return found / 100;
  };
  const before = recall();
  const options: TrainOptions = {
    steps: 60,
    accumulation: 1,
    learningRate: 0.05,
    schedule: 'linear',
    warmUpSteps: 5,
    learningRateFloor: 0,
    weightDecay: 0,
    maxGradientNorm: 1,
    seed: 1,
    validateEvery: 0,
    patience: 0,
    checkpointEvery: 1000,
  };
  const part = (rows: Float32Array<ArrayBuffer>, step: number) =>
    rows.slice(((step * 50) % 300) * dimensions, (((step * 50) % 300) + 50) * dimensions);
  await train(trainer, options, {
    batch: (step) => ({
      queries: part(queries, step),
      positives: part(passages, step),
      negatives: new Float32Array(0),
    }),
  });
  expect(before).toBeLessThan(0.2);
  expect(recall()).toBeGreaterThan(0.9);
  expect(applyLinearAdapter(trainer.adapter(), passages, 'passage')).toBe(passages);
});

test('files give back the same map', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      fc.constantFrom('queries', 'both'),
      async (rank, bias, sides) => {
        const trainer = createLinearTrainer({ ...OPTIONS, rank, bias, sides, symmetric: false });
        for (const { data } of trainer.parameters) data.forEach((_, i) => (data[i] = Math.fround(i / 7 - 1)));
        const { config, weights } = writeLinearAdapter(trainer.adapter());
        expect(await readLinearAdapter(JSON.parse(config), weights)).toEqual(trainer.adapter());
      },
    ),
    { numRuns: 20 },
  );
});

test('what does not fit is named', async () => {
  const { weights } = writeLinearAdapter(
    createLinearTrainer({ ...OPTIONS, rank: 2, bias: false, sides: 'both', symmetric: false }).adapter(),
  );
  const config = { kind: 'linear', version: 1, dimensions: 7, sides: 'both', rank: 3 };
  await expect(readLinearAdapter(config, weights)).rejects.toMatchObject({
    code: 'adapters/wrong-shape',
    message: expect.stringContaining('[2, 7], expected was [3, 7]'),
  });
  await expect(readLinearAdapter({ peft_type: 'LORA' }, weights)).rejects.toMatchObject({
    code: 'adapters/bad-config',
  });
  const adapter = await readLinearAdapter({ ...config, rank: 2 }, weights);
  expect(() => applyLinearAdapter(adapter, new Float32Array(8), 'query')).toThrow('7 numbers');
});
