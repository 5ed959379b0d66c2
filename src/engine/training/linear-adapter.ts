import { mapVectors, type LinearAdapter, type LinearSides } from '../adapters/linear-adapter.ts';
import { timesTransposed, transposed } from '../adapters/products.ts';
import { contrastiveLoss } from '../losses/contrastive.ts';
import { seededRandom } from './random.ts';
import type { LossReport, Parameter, Trainable } from './trainable.ts';

export type { LinearAdapter };

/** Cached vectors of a frozen embedder, rows of length 1; the i-th question belongs to the i-th positive. */
export interface VectorBatch {
  /** [count, d] */
  queries: Float32Array<ArrayBuffer>;
  /** [count, d] */
  positives: Float32Array<ArrayBuffer>;
  /** Hard negatives [any number, d], candidates of every question. */
  negatives: Float32Array<ArrayBuffer>;
  /** For each question the places, among positives and then negatives, of passages that are right for it beside its own. */
  alsoRight?: readonly (readonly number[])[];
}

interface LinearTrainerOptions {
  dimensions: number;
  sides: LinearSides;
  /** 0: a full matrix. */
  rank: number;
  bias: boolean;
  /** Factor of the cosine before the softmax: the reciprocal of the temperature. */
  scale: number;
  /** Also asks of every passage which question it answers. */
  symmetric: boolean;
  seed: number;
}

interface LinearTrainer extends Trainable<VectorBatch> {
  /** Shares the parameters' arrays. */
  adapter(): LinearAdapter;
}

/**
 * Trains a linear map over frozen embeddings with MultipleNegativesRanking (Henderson et al. 2017), in plain
 * arithmetic: gradients are closed forms (`docs/mathematics.md`), and thousands of pairs take seconds. It begins as the
 * identity.
 */
export function createLinearTrainer(options: LinearTrainerOptions): LinearTrainer {
  const { dimensions, sides, rank, bias, scale, symmetric, seed } = options;
  const parameters: Parameter[] = [];
  const parameter = (name: string, ...shape: number[]): Parameter => {
    const size = shape.reduce((product, n) => product * n, 1);
    const created = { name, shape, data: new Float32Array(size), gradient: new Float32Array(size) };
    parameters.push(created);
    return created;
  };
  const a = rank > 0 ? parameter('a', rank, dimensions) : undefined;
  const b = parameter('b', dimensions, rank || dimensions);
  const c = bias ? parameter('bias', dimensions) : undefined;
  if (a) {
    const random = seededRandom(seed);
    const bound = 1 / Math.sqrt(dimensions);
    a.data.forEach((_, i) => (a.data[i] = (2 * random() - 1) * bound));
  }
  const adapter: LinearAdapter = {
    dimensions,
    sides,
    rank,
    a: a?.data ?? new Float32Array(0),
    b: b.data,
    ...(c ? { bias: c.data } : {}),
  };

  /** Adds what a gradient by mapped vectors comes to for the parameters. */
  const pullBack = (gradient: Float64Array, vectors: Float32Array, low: Float64Array): void => {
    if (c) for (let i = 0; i < gradient.length; i++) c.gradient[i % dimensions]! += gradient[i]!;
    if (!a) return addOuterProducts(b.gradient, gradient, vectors, dimensions, dimensions);
    addOuterProducts(b.gradient, gradient, low, dimensions, rank);
    addOuterProducts(a.gradient, times(gradient, b.data, rank), vectors, rank, dimensions);
  };

  const run = ({ queries, positives, negatives, alsoRight }: VectorBatch, weight?: number): Promise<LossReport> => {
    const count = queries.length / dimensions;
    const all = joined(queries, positives, negatives);
    const moved = sides === 'both' ? all : queries;
    const { output, low } = mapVectors(adapter, moved);
    const vectors = all.slice();
    vectors.set(output);
    const gradient = weight === undefined ? undefined : new Float64Array(all.length);
    const asked = { scale, symmetric, ...(alsoRight && { alsoRight }) };
    const loss = contrastiveLoss(vectors, dimensions, count, asked, gradient, weight);
    if (gradient) pullBack(gradient.subarray(0, moved.length), moved, low);
    // Vectors are what is computed here: one counts as one token.
    return Promise.resolve({ loss, tokens: all.length / dimensions, examples: count });
  };

  return {
    parameters,
    accumulate: (batch, weight, _seed, signal) => {
      signal?.throwIfAborted();
      return run(batch, weight);
    },
    evaluate: (batch) => run(batch),
    parametersChanged: () => undefined,
    memoryBytes: 0,
    dispose: () => Promise.resolve(),
    adapter: () => adapter,
  };
}

function joined(...parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** x [n, k] times y [k, m] -> [n, m] */
function times(x: Float64Array, y: Float32Array | Float64Array, m: number): Float64Array {
  return timesTransposed(x, transposed(y, m), y.length / m);
}

/** out [k, m] += the transpose of x [n, k] times y [n, m] */
function addOuterProducts(
  out: Float32Array,
  x: Float64Array,
  y: Float32Array | Float64Array,
  k: number,
  m: number,
): void {
  const product = timesTransposed(transposed(x, k), transposed(y, m), x.length / k);
  for (let i = 0; i < out.length; i++) out[i]! += product[i]!;
}
