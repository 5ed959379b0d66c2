import { createLinearTrainer, type VectorBatch } from '../../src/engine/training/linear-adapter.ts';
import { seededRandom } from '../../src/engine/training/random.ts';
import type { ResidentRuntime } from '../../src/engine/resident/resident.ts';
import { BatchPlan } from '../../src/training/batch-plan.ts';
import { trainOptions } from '../../src/training/options.ts';
import { trainingSettings } from '../../src/training/settings.ts';
import { prepareTask, type PreparedTask } from '../../src/training/tasks/task.ts';

const D = 8;
const PAIRS = 40;

/** A run of the app without a model: a matrix is trained over made-up vectors, which takes milliseconds a step. */
export function vectorTask(
  settings: Readonly<Record<string, unknown>>,
  seed: number,
  /** Called before each step with its number: to throw there, as a lost device would. */
  beforeStep: (step: number) => Promise<void> = async () => undefined,
  /** Called while the adapter is made. */
  onAdapter?: () => void,
): PreparedTask {
  const values = trainingSettings('linear', settings);
  const random = seededRandom(11);
  const vectors = (count: number) => unitRows(Float32Array.from({ length: count * D }, () => random() - 0.5));
  const positives = vectors(PAIRS);
  const queries = unitRows(positives.map((x, i) => (i % 2 === 0 ? x : -x) + 0.3 * (random() - 0.5)));
  const trainer = createLinearTrainer({
    dimensions: D,
    sides: 'queries',
    rank: values.rank,
    bias: false,
    scale: values.scale,
    symmetric: values.symmetric,
    seed,
  });
  const plan = new BatchPlan(PAIRS - 8, { seed, batchSize: values.batchSize });
  const batchOf = (chosen: readonly number[]): VectorBatch => ({
    queries: rows(queries, chosen),
    positives: rows(positives, chosen),
    negatives: new Float32Array(0),
  });
  const judged = batchOf(Array.from({ length: 8 }, (_, i) => PAIRS - 8 + i));
  return prepareTask<VectorBatch>({
    trainable: trainer,
    runtime: { usage: {} } as ResidentRuntime,
    options: trainOptions(values, plan, seed),
    examples: PAIRS - 8,
    scoreName: 'Likelihood',
    validationTokens: 8,
    batch: async (step, position) => {
      await beforeStep(step);
      return batchOf(plan.batch((step - 1) * values.accumulation + position));
    },
    longest: () => batchOf(plan.batch(0)),
    validate: async () => {
      const { loss } = await trainer.evaluate(judged);
      return { score: Math.exp(-loss), figures: { loss } };
    },
    adapter: (signal) => {
      onAdapter?.();
      signal?.throwIfAborted();
      return { kind: 'linear', adapter: trainer.adapter() };
    },
  });
}

function unitRows(vectors: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  for (let at = 0; at < vectors.length; at += D) {
    const length = Math.hypot(...vectors.subarray(at, at + D));
    for (let i = at; i < at + D; i++) vectors[i]! /= length;
  }
  return vectors;
}

function rows(vectors: Float32Array, chosen: readonly number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(chosen.flatMap((i) => [...vectors.subarray(i * D, (i + 1) * D)]));
}
