import { applyLinearAdapter, type LinearAdapter } from '../../../src/engine/adapters/linear-adapter.ts';
import { createLinearTrainer } from '../../../src/engine/training/linear-adapter.ts';
import { seededRandom, shuffled } from '../../../src/engine/training/random.ts';
import type { Vectors } from './rank.ts';
import { trainForSeconds } from './timed-run.ts';

const BATCH = 256;
const SECONDS = 20;
const DIMENSIONS = 384;

/** A full matrix over the questions' vectors, trained on pairs of vectors of the base model. */
export async function tuneLinear(
  questions: Float32Array,
  passages: Float32Array,
): Promise<{ adapter: LinearAdapter; seconds: number }> {
  const trainer = createLinearTrainer({
    dimensions: DIMENSIONS,
    sides: 'queries',
    rank: 0,
    bias: false,
    scale: 20,
    symmetric: false,
    seed: 1,
  });
  const count = questions.length / DIMENSIONS;
  let order: number[] = [];
  let epoch = 0;
  const rows = (vectors: Float32Array, indices: number[]) => {
    const out = new Float32Array(indices.length * DIMENSIONS);
    indices.forEach((index, i) =>
      out.set(vectors.subarray(index * DIMENSIONS, (index + 1) * DIMENSIONS), i * DIMENSIONS),
    );
    return out;
  };
  const run = await trainForSeconds(trainer, { seconds: SECONDS, learningRate: 1e-3, warmUpSteps: 5 }, () => {
    if (order.length < BATCH)
      order = shuffled(
        Array.from({ length: count }, (_, i) => i),
        seededRandom(3, epoch++),
      );
    const indices = order.splice(0, BATCH);
    return { queries: rows(questions, indices), positives: rows(passages, indices), negatives: new Float32Array(0) };
  });
  return { adapter: trainer.adapter(), seconds: run.seconds };
}

export function mapped(adapter: LinearAdapter, { questions, passages }: Vectors): Vectors {
  return {
    questions: applyLinearAdapter(adapter, questions, 'query'),
    passages: applyLinearAdapter(adapter, passages, 'passage'),
  };
}
