import { beforeAll, describe, expect, test, vi } from 'vitest';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { createEmbedderTrainer } from '../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS, readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import type { PairBatch } from '../../../src/engine/training/batches.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/engine/training/checkpoint.ts';
import type { Checkpoint, TrainOptions } from '../../../src/engine/training/train-options.ts';
import { train } from '../../../src/engine/training/train.ts';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import { json } from '../../support/training-suites/golden.ts';
import { readFixture } from './read-fixture.ts';

/** Every device that this page opens: onnxruntime's own is lost as a driver would lose it, by nobody's leave. */
const opened = vi.spyOn(GPUAdapter.prototype, 'requestDevice');

const STEPS = 6;
const CHECKPOINT = 3;
const options: TrainOptions = {
  ...{ steps: STEPS, accumulation: 1, learningRate: 2e-3, schedule: 'linear', warmUpSteps: 1, learningRateFloor: 0 },
  ...{ weightDecay: 0.01, maxGradientNorm: 1, seed: 7, validateEvery: 0, patience: 0, checkpointEvery: CHECKPOINT },
};

// The software adapter compiles a pipeline in tenths of a second.
describe('a training run whose GPU is lost in the middle of a step', { timeout: 300_000 }, () => {
  const after = CHECKPOINT + 2;
  let whole: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    whole = await run(await residentWebgpu());
  }, 300_000);

  test.each(['block, forward and kept', 'block, backward'])('says so when it is in “%s”, and goes on', async (name) => {
    const runtime = await residentWebgpu();
    const before = levels(runtime);
    // Each step runs it once for every block: this is the second block of the step.
    const broken = await run(losing(runtime, name, 2 * after));
    expect(broken.error).toBeInstanceOf(AttuneError);
    expect(broken.error).toMatchObject({
      code: 'engine/device-lost',
      wayOut: expect.stringContaining('Start again from what was saved') as string,
    });
    expect(broken.losses).toEqual(whole.losses.slice(0, after - 1));
    expect(levels(runtime)).toEqual(before);

    const saved = await readCheckpoint(broken.file!, 'checkpoint');
    expect(saved.step).toBe(CHECKPOINT);
    const next = await residentWebgpu();
    expect(next).not.toBe(runtime);
    const rest = await run(next, saved);
    expect(rest.error).toBeUndefined();
    expect(rest.losses).toEqual(whole.losses.slice(CHECKPOINT));
    expect(rest.last).toEqual(whole.last);
  });
});

/** A runtime whose device is lost as the session of that name is about to run for the `count`-th time. */
function losing(runtime: ResidentRuntime, name: string, count: number): ResidentRuntime {
  const createSession: ResidentRuntime['createSession'] = async (model, readers, its, more) => {
    const session = await runtime.createSession(model, readers, its, more);
    return {
      async run(inputs, outputs) {
        if (its === name && --count === 0) ((await opened.mock.results.at(-1)!.value) as GPUDevice).destroy();
        return session.run(inputs, outputs);
      },
      dispose: () => session.dispose(),
    };
  };
  return Object.create(runtime, { createSession: { value: createSession } }) as ResidentRuntime;
}

/** Tunes the tiny model on its golden batch. @returns what was seen of it until it ended, and the last file saved */
async function run(runtime: ResidentRuntime, from?: Checkpoint) {
  const name = 'tiny-bert';
  const golden = json<{ queries: number[][]; positives: number[][]; negatives: number[][] }>(
    await readFixture(`training/${name}.json`),
  );
  const model = json<{ config: Record<string, unknown>; pooling: 'mean' | 'cls' }>(
    await readFixture(`embedder/${name}.json`),
  );
  const config = parseBertConfig(model.config, name);
  const weights = new Blob([await readFixture(`embedder/${name}.safetensors`)]);
  const trainer = createEmbedderTrainer({
    config,
    weights: await readBertWeights(await SafetensorsFile.open(weights, name), config),
    runtime,
    pooling: model.pooling,
    lora: { rank: 2, alpha: 4, rankStabilised: false, dropout: 0.1, targets: LINEARS },
    seed: 1,
  });
  const { queries, positives, negatives } = golden;
  const batch: PairBatch = { queries, positives, negatives: negatives.map((tokens) => [tokens]) };
  const losses: number[] = [];
  let file: Blob | undefined;
  const hooks = {
    batch: () => batch,
    onStep: ({ loss }: { loss: number }) => void losses.push(loss),
    onCheckpoint: async (checkpoint: Checkpoint) => void (file = writeCheckpoint(checkpoint)),
  };
  try {
    const { checkpoint } = await train(trainer, options, hooks, from);
    return { losses, file, last: checkpoint.parameters };
  } catch (error) {
    return { losses, file, error };
  } finally {
    await trainer.dispose();
  }
}

function levels({ usage: { tensors, tensorBytes, sessions } }: ResidentRuntime) {
  return { tensors, tensorBytes, sessions };
}
