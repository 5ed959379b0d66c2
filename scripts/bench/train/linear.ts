import { applyLinearAdapter, type LinearAdapter } from '../../../src/engine/adapters/linear-adapter.ts';
import { createLinearTrainer } from '../../../src/engine/training/linear-adapter.ts';
import { seededRandom, shuffled } from '../../../src/engine/training/random.ts';
import { DIMENSIONS, type Vectors } from './rank.ts';
import { trainForSeconds } from './timed-run.ts';

const BATCH = 256;
const SECONDS = 20;

/** A full matrix over the questions' vectors, trained on pairs of vectors of the base model. */
export async function tuneLinear({ questions, passages }: Vectors) {
  const trainer = createLinearTrainer({
    dimensions: DIMENSIONS,
    sides: 'queries',
    rank: 0,
    bias: false,
    scale: 20,
    symmetric: false,
    seed: 1,
  });
  const all = Array.from({ length: questions.length / DIMENSIONS }, (_, i) => i);
  let order: number[] = [];
  let epoch = 0;
  const run = await trainForSeconds(trainer, { seconds: SECONDS, learningRate: 1e-3, warmUpSteps: 5 }, () => {
    if (order.length < BATCH) order = shuffled(all, seededRandom(3, epoch++));
    const chosen = order.splice(0, BATCH);
    return { queries: rows(questions, chosen), positives: rows(passages, chosen), negatives: new Float32Array(0) };
  });
  return { ...run, adapter: trainer.adapter() };
}

export function mapped(adapter: LinearAdapter, { questions, passages }: Vectors): Vectors {
  return {
    questions: applyLinearAdapter(adapter, questions, 'query'),
    passages: applyLinearAdapter(adapter, passages, 'passage'),
  };
}

function rows(vectors: Float32Array, indices: readonly number[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(indices.length * DIMENSIONS);
  indices.forEach((index, i) =>
    out.set(vectors.subarray(index * DIMENSIONS, (index + 1) * DIMENSIONS), i * DIMENSIONS),
  );
  return out;
}
