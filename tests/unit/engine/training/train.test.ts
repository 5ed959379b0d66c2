import { describe, expect, test } from 'vitest';
import type { AttuneError } from '../../../../src/errors/attune-error.ts';
import { readCheckpoint, writeCheckpoint } from '../../../../src/engine/training/checkpoint.ts';
import { seededRandom } from '../../../../src/engine/training/random.ts';
import type { Checkpoint, TrainHooks, TrainOptions } from '../../../../src/engine/training/train-options.ts';
import type { Parameter, Trainable } from '../../../../src/engine/training/trainable.ts';
import { train } from '../../../../src/engine/training/train.ts';

/** Points of a line with noise; the loss is the squared error. */
type Points = { x: number; y: number }[];

/** A straight line y = a·x + b whose inputs are jittered by the seed, as dropout would. */
class Line implements Trainable<Points> {
  readonly parameters: readonly Parameter[] = ['a', 'b'].map((name) => ({
    name,
    shape: [1],
    data: new Float32Array(1),
    gradient: new Float32Array(1),
  }));
  readonly memoryBytes = 0;
  copies = 0;

  async accumulate(points: Points, weight: number, seed: number, signal?: AbortSignal) {
    const [a, b] = this.parameters as [Parameter, Parameter];
    const random = seededRandom(seed);
    let loss = 0;
    for (const { x, y } of points) {
      const jittered = x + 0.1 * random();
      const error = a.data[0]! * jittered + b.data[0]! - y;
      loss += error ** 2 / points.length;
      a.gradient[0]! += (weight * 2 * error * jittered) / points.length;
      await Promise.resolve();
      // Between the gradients of two parameters: an abort here leaves half a gradient behind.
      signal?.throwIfAborted();
      b.gradient[0]! += (weight * 2 * error) / points.length;
    }
    return { loss, tokens: points.length, examples: points.length };
  }

  async evaluate(points: Points) {
    const [a, b] = this.parameters.map(({ data }) => data[0]!) as [number, number];
    const loss = points.reduce((sum, { x, y }) => sum + (a * x + b - y) ** 2 / points.length, 0);
    return { loss, tokens: points.length, examples: points.length };
  }

  parametersChanged() {
    this.copies++;
  }

  dispose() {
    return Promise.resolve();
  }
}

const OPTIONS: TrainOptions = {
  steps: 24,
  accumulation: 2,
  learningRate: 0.2,
  schedule: 'cosine',
  warmUpSteps: 3,
  learningRateFloor: 0.05,
  weightDecay: 0.01,
  maxGradientNorm: 5,
  seed: 11,
  validateEvery: 3,
  patience: 0,
  checkpointEvery: 5,
};

function draw(step: number, position: number): Points {
  const random = seededRandom(1, step, position);
  return Array.from({ length: 4 }, () => {
    const x = 2 * random() - 1;
    return { x, y: 3 * x - 1 + 0.2 * (random() - 0.5) };
  });
}

function hooksOf(line: Line, more: Partial<TrainHooks<Points>> = {}): TrainHooks<Points> {
  const validate = async () => ({ score: -(await line.evaluate(draw(0, 0))).loss, figures: {} });
  return { batch: draw, validate, ...more };
}

async function uninterrupted(options = OPTIONS): Promise<Checkpoint> {
  const line = new Line();
  return (await train(line, options, hooksOf(line))).checkpoint;
}

test('a line is learned; steps, checkpoints and validations come when they are due', async () => {
  const line = new Line();
  const steps: number[] = [];
  const checkpoints: number[] = [];
  const result = await train(
    line,
    OPTIONS,
    hooksOf(line, {
      onStep: ({ step, loss, gradientNorm, tokens }) => {
        steps.push(step);
        expect(loss).toBeGreaterThan(0);
        expect(gradientNorm).toBeGreaterThan(0);
        expect(tokens).toBe(8);
      },
      onCheckpoint: async ({ step }) => {
        await Promise.resolve();
        checkpoints.push(step);
      },
    }),
  );
  expect(result.ended).toBe('finished');
  expect(steps).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  expect(checkpoints).toEqual([5, 10, 15, 20, 24]);
  expect(result.checkpoint.validations.map(({ step }) => step)).toEqual([3, 6, 9, 12, 15, 18, 21, 24]);
  const scores = result.checkpoint.validations.map(({ score }) => score);
  expect(result.checkpoint.best!.score).toBe(Math.max(...scores));
  expect(scores.at(-1)).toBeGreaterThan(5 * scores[0]!);
  // Once at the start and after every step, or the device would compute with old parameters.
  expect(line.copies).toBe(25);
});

describe('a run stopped after any number of microtasks', () => {
  test('goes on from its file and ends bit for bit like one that was not', async () => {
    const expected = await uninterrupted();
    const stoppedAt = new Set<number>();
    for (let patience = 0; ; patience += 7) {
      const controller = new AbortController();
      const first = new Line();
      const countdown = (async () => {
        for (let i = 0; i < patience; i++) await Promise.resolve();
        controller.abort();
      })();
      const stopped = await train(first, OPTIONS, hooksOf(first, { signal: controller.signal }));
      await countdown;
      if (stopped.ended === 'finished') break;
      expect(stopped.ended).toBe('stopped');
      stoppedAt.add(stopped.checkpoint.step);
      const second = new Line();
      const from = await readCheckpoint(writeCheckpoint(stopped.checkpoint), 'checkpoint');
      const resumed = await train(second, OPTIONS, hooksOf(second), from);
      expect(resumed.ended).toBe('finished');
      expect(resumed.checkpoint).toEqual(expected);
    }
    expect(stoppedAt.size).toBe(OPTIONS.steps);
  });

  test('and so from each of the checkpoints on its way', async () => {
    const expected = await uninterrupted();
    const line = new Line();
    const saved: Checkpoint[] = [];
    await train(
      line,
      { ...OPTIONS, checkpointEvery: 1 },
      hooksOf(line, { onCheckpoint: async (c) => void saved.push(c) }),
    );
    for (const from of saved) {
      const again = new Line();
      expect((await train(again, OPTIONS, hooksOf(again), from)).checkpoint).toEqual(expected);
    }
    expect(saved).toHaveLength(OPTIONS.steps);
  });
});

test('a stopped run saves the step it reached before it returns', async () => {
  const controller = new AbortController();
  const line = new Line();
  const saved: number[] = [];
  const result = await train(
    line,
    OPTIONS,
    hooksOf(line, {
      signal: controller.signal,
      onStep: ({ step }) => step === 7 && controller.abort('pause'),
      onCheckpoint: async ({ step }) => void saved.push(step),
    }),
  );
  expect(result).toMatchObject({ ended: 'stopped', checkpoint: { step: 7 } });
  expect(saved).toEqual([5, 7]);
});

test('validations that get no better end the run, and the best parameters are kept', async () => {
  const line = new Line();
  const scores = [NaN, 5, 4, 3, 5, 9];
  let validated = 0;
  const atBest: number[] = [];
  const validate = async () => {
    const score = scores[validated++]!;
    if (score === 5 && atBest.length === 0) atBest.push(...line.parameters.map(({ data }) => data[0]!));
    return { score, figures: {} };
  };
  const options = { ...OPTIONS, patience: 3 };
  const result = await train(line, options, hooksOf(line, { validate }));
  expect(result.ended).toBe('early');
  expect(result.checkpoint.step).toBe(15);
  expect(result.checkpoint.best).toMatchObject({ step: 6, score: 5 });
  expect([...result.checkpoint.best!.parameters]).toEqual(atBest);
  // Resuming what has ended does nothing more.
  const again = new Line();
  const resumed = await train(again, options, hooksOf(again, { validate }), result.checkpoint);
  expect(resumed).toEqual(result);
});

test('a loss that is no number stops the run before it reaches the parameters', async () => {
  const line = new Line();
  const batch = (step: number, position: number) => (step === 6 ? [{ x: NaN, y: 1 }] : draw(step, position));
  const saved: Checkpoint[] = [];
  const run = train(line, OPTIONS, hooksOf(line, { batch, onCheckpoint: async (c) => void saved.push(c) }));
  await expect(run).rejects.toMatchObject({ code: 'training/diverged', message: expect.stringContaining('Step 6') });
  expect(saved.at(-1)!.step).toBe(5);
  expect([...saved.at(-1)!.parameters]).toEqual(line.parameters.map(({ data }) => data[0]!));
});

test('errors of the trainable are not mistaken for a stop', async () => {
  const line = new Line();
  line.accumulate = () => Promise.reject(new Error('lost device'));
  await expect(train(line, OPTIONS, hooksOf(line))).rejects.toThrow('lost device');
});

test('a torn or altered checkpoint is noticed', async () => {
  const checkpoint = await uninterrupted();
  const blob = writeCheckpoint(checkpoint);
  expect(await readCheckpoint(blob, 'c')).toEqual(checkpoint);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  for (let length = 0; length < bytes.length; length += 37) {
    await expect(readCheckpoint(blob.slice(0, length), 'c')).rejects.toMatchObject({ code: 'training/bad-checkpoint' });
  }
  // One flipped bit anywhere is noticed, or lies where nothing is read from.
  let refused = 0;
  for (let at = 8; at < bytes.length; at += 5) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0x01;
    const read = await readCheckpoint(new Blob([damaged]), 'c').catch((error: AttuneError) => error.code);
    if (read === 'training/bad-checkpoint') refused++;
    else expect(read).toEqual(checkpoint);
  }
  expect(refused).toBeGreaterThan(((bytes.length - 8) / 5) * 0.9);
});

test('a checkpoint of another run is refused', async () => {
  const checkpoint = { ...(await uninterrupted()), parameters: new Float32Array(3) };
  const line = new Line();
  await expect(train(line, OPTIONS, hooksOf(line), checkpoint)).rejects.toMatchObject({
    code: 'training/other-checkpoint',
  });
});
