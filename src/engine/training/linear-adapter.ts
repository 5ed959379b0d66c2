import { mapVectors, type LinearAdapter, type LinearSides } from '../adapters/linear-adapter.ts';
import { timesTransposed, transposed } from '../adapters/products.ts';
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
}

export interface LinearTrainerOptions {
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

export interface LinearTrainer extends Trainable<VectorBatch> {
  /** Shares the parameters' arrays. */
  adapter(): LinearAdapter;
}

/**
 * Trains a linear map over frozen embeddings with MultipleNegativesRanking (Henderson et al. 2017), in plain
 * arithmetic: gradients are closed forms (`docs/mathematics.md`), and thousands of pairs take seconds. It begins as the
 * identity.
 */
export function createLinearTrainer(options: LinearTrainerOptions): LinearTrainer {
  const { dimensions, sides, rank, bias, seed } = options;
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

  /** Unit vectors of one side, and the way back from their gradient to the parameters'. */
  const side = (vectors: Float32Array, mapped: boolean) => {
    if (!mapped) return { unit: Float64Array.from(vectors), backward: () => undefined };
    const { output, low } = mapVectors(adapter, vectors);
    const lengths = normaliseRows(output, dimensions);
    const backward = (gradient: Float64Array, weight: number): void => {
      throughNormalisation(gradient, output, lengths, dimensions, weight);
      if (c) for (let i = 0; i < gradient.length; i++) c.gradient[i % dimensions]! += gradient[i]!;
      if (!a) return addOuterProducts(b.gradient, gradient, vectors, dimensions, dimensions);
      addOuterProducts(b.gradient, gradient, low, dimensions, rank);
      addOuterProducts(a.gradient, times(gradient, b.data, rank), vectors, rank, dimensions);
    };
    return { unit: output, backward };
  };

  const run = (batch: VectorBatch, weight: number | undefined): Promise<LossReport> => {
    const count = batch.queries.length / dimensions;
    const queries = side(batch.queries, true);
    const positives = side(batch.positives, sides === 'both');
    const negatives = side(batch.negatives, sides === 'both');
    const candidates = new Float64Array(positives.unit.length + negatives.unit.length);
    candidates.set(positives.unit);
    candidates.set(negatives.unit, positives.unit.length);
    const scores = timesTransposed(queries.unit, candidates, dimensions);
    const loss = softmaxLoss(scores, count, options);
    if (weight !== undefined) {
      const back = times(scores, candidates, dimensions);
      queries.backward(back, weight);
      if (sides === 'both') {
        const forward = times(transposed(scores, candidates.length / dimensions), queries.unit, dimensions);
        positives.backward(forward.subarray(0, positives.unit.length), weight);
        negatives.backward(forward.subarray(positives.unit.length), weight);
      }
    }
    // Vectors are what is computed here: one counts as one token.
    return Promise.resolve({ loss, tokens: count + candidates.length / dimensions, examples: count });
  };

  return {
    parameters,
    accumulate: (batch, weight, _seed, signal) => {
      signal?.throwIfAborted();
      return run(batch, weight);
    },
    evaluate: (batch) => run(batch, undefined),
    parametersChanged: () => undefined,
    memoryBytes: 0,
    dispose: () => Promise.resolve(),
    adapter: () => adapter,
  };
}

/**
 * Mean cross-entropy of the right candidate; `cosines` [count, candidates] become the loss' gradient with regard to
 * them. Symmetric: the mean of both directions; hard negatives are candidates of questions only.
 */
function softmaxLoss(
  cosines: Float64Array,
  count: number,
  { scale, symmetric }: Pick<LinearTrainerOptions, 'scale' | 'symmetric'>,
): number {
  const width = cosines.length / count;
  const share = symmetric ? 0.5 : 1;
  const gradient = new Float64Array(cosines.length);
  let loss = 0;
  const line = (start: number, stride: number, length: number, right: number): void => {
    let peak = -Infinity;
    for (let k = 0; k < length; k++) peak = Math.max(peak, scale * cosines[start + k * stride]!);
    let sum = 0;
    for (let k = 0; k < length; k++) sum += Math.exp(scale * cosines[start + k * stride]! - peak);
    loss += (share * (peak + Math.log(sum) - scale * cosines[right]!)) / count;
    const factor = (share * scale) / count;
    for (let k = 0; k < length; k++) {
      const at = start + k * stride;
      gradient[at]! += factor * (Math.exp(scale * cosines[at]! - peak) / sum);
    }
    gradient[right]! -= factor;
  };
  for (let i = 0; i < count; i++) {
    line(i * width, 1, width, i * width + i);
    if (symmetric) line(i, width, count, i * width + i);
  }
  cosines.set(gradient);
  return loss;
}

/** Scales rows to length 1 in place. @returns their lengths */
function normaliseRows(rows: Float64Array, dimensions: number): Float64Array {
  const lengths = new Float64Array(rows.length / dimensions);
  for (let row = 0, at = 0; at < rows.length; row++, at += dimensions) {
    let sum = 0;
    for (let i = at; i < at + dimensions; i++) sum += rows[i]! ** 2;
    lengths[row] = Math.sqrt(sum) || 1;
    for (let i = at; i < at + dimensions; i++) rows[i]! /= lengths[row]!;
  }
  return lengths;
}

/** Gradient of z = y/|y| in place: (g - z·(z·g))/|y|, times a weight. */
function throughNormalisation(
  gradient: Float64Array,
  unit: Float64Array,
  lengths: Float64Array,
  dimensions: number,
  weight: number,
): void {
  for (let row = 0, at = 0; at < gradient.length; row++, at += dimensions) {
    let along = 0;
    for (let i = at; i < at + dimensions; i++) along += unit[i]! * gradient[i]!;
    const factor = weight / lengths[row]!;
    for (let i = at; i < at + dimensions; i++) gradient[i] = factor * (gradient[i]! - along * unit[i]!);
  }
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
