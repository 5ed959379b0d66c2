import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AdamW, clipFactor, gradientNorm } from '../../../../src/engine/training/adamw.ts';
import { learningRate } from '../../../../src/engine/training/schedule.ts';
import type { Parameter } from '../../../../src/engine/training/trainable.ts';
import golden from '../../../fixtures/training/adamw.json' with { type: 'json' };

function parameter(numbers: readonly number[]): Parameter {
  const data = Float32Array.from(numbers);
  return { name: 'p', shape: [data.length], data, gradient: new Float32Array(data.length) };
}

test('ten clipped steps with warm-up and decay are those of PyTorch', () => {
  const parameters = golden.start.map(parameter);
  const optimiser = new AdamW(parameters, { weightDecay: golden.weightDecay });
  const schedule = {
    steps: 10,
    learningRate: 0.05,
    warmUpSteps: 3,
    learningRateFloor: 0.1,
    schedule: 'linear' as const,
  };
  golden.steps.forEach((step, i) => {
    parameters.forEach(({ gradient }, p) => gradient.set(step.gradients[p]!));
    const rate = learningRate(i + 1, schedule);
    expect(rate).toBeCloseTo(step.learningRate, 12);
    const norm = gradientNorm(parameters);
    expect(norm).toBeCloseTo(step.norm, 5);
    optimiser.step(i + 1, rate, clipFactor(norm, golden.maxGradientNorm));
    // PyTorch rounds to float32 after every operation, we once per step: a few units in the last place, added up.
    parameters.forEach(({ data, gradient }, p) => {
      data.forEach((value, j) => expect(Math.abs(value - step.parameters[p]![j]!)).toBeLessThan(2e-6));
      expect(gradient.every((value) => value === 0)).toBe(true);
    });
  });
});

test('a clipped gradient is no longer than the maximum and keeps its direction', () => {
  const number = fc.double({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(number, { minLength: 1 }),
      fc.double({ min: 0.01, max: 10, noNaN: true }),
      (values, maximum) => {
        const p = parameter([]);
        p.gradient = Float32Array.from(values);
        const norm = gradientNorm([p]);
        const factor = clipFactor(norm, maximum);
        expect(norm * factor).toBeLessThanOrEqual(maximum * (1 + 1e-12));
        expect(factor).toBe(norm > maximum ? maximum / norm : 1);
      },
    ),
  );
  expect(clipFactor(1e9, 0)).toBe(1);
});

test('every schedule warms up to the peak and never falls below its floor', () => {
  const kinds = ['linear', 'cosine', 'constant'] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (schedule, steps, warmUpSteps, learningRateFloor) => {
        const options = { schedule, steps, warmUpSteps, learningRateFloor, learningRate: 2 };
        let before = Infinity;
        for (let step = 1; step <= steps; step++) {
          const rate = learningRate(step, options);
          expect(rate).toBeLessThanOrEqual(2);
          if (step > warmUpSteps) {
            expect(rate).toBeGreaterThanOrEqual(2 * learningRateFloor);
            expect(rate).toBeLessThanOrEqual(before);
            before = rate;
          }
        }
      },
    ),
  );
  const cosine = { schedule: 'cosine', steps: 100, warmUpSteps: 0, learningRateFloor: 0, learningRate: 1 } as const;
  expect(learningRate(51, cosine)).toBeCloseTo(0.5, 12);
});
