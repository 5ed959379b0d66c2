import { AttuneError } from '../../errors/attune-error.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import { writeSafetensors, type SafetensorsTensor } from '../formats/safetensors-writer.ts';
import { timesTransposed } from './products.ts';

export const LINEAR_CONFIG = 'linear_config.json';
export const LINEAR_WEIGHTS = 'linear_adapter.safetensors';

/** Which texts are mapped: questions alone leave the index of the passages as it is. */
export type LinearSides = 'queries' | 'both';

/**
 * A linear map over the vectors of a frozen embedder: y = (I + D)·x + c, scaled to length 1. D is B·A (a [rank, d], b
 * [d, rank]) or, with rank 0, a full matrix b [d, d].
 */
export interface LinearAdapter {
  dimensions: number;
  sides: LinearSides;
  /** 0: a full matrix. */
  rank: number;
  /** Empty for a full matrix. */
  a: Float32Array<ArrayBuffer>;
  b: Float32Array<ArrayBuffer>;
  /** [d] */
  bias?: Float32Array<ArrayBuffer>;
}

/**
 * Maps vectors of questions or passages; those of a side that is not mapped come back as they are.
 *
 * @param vectors [count, dimensions], row-major
 * @throws AttuneError `adapters/wrong-shape` when the vectors have other dimensions
 */
export function applyLinearAdapter(
  adapter: LinearAdapter,
  vectors: Float32Array<ArrayBuffer>,
  side: 'query' | 'passage',
): Float32Array<ArrayBuffer> {
  const { dimensions } = adapter;
  if (vectors.length % dimensions !== 0) {
    throw misfit(
      `it maps vectors of ${dimensions} numbers, and these ${vectors.length} numbers are no multiple of that`,
    );
  }
  if (side === 'passage' && adapter.sides === 'queries') return vectors;
  const mapped = mapVectors(adapter, vectors).output;
  const unit = new Float32Array(vectors.length);
  for (let at = 0; at < mapped.length; at += dimensions) {
    const row = mapped.subarray(at, at + dimensions);
    const length = Math.hypot(...row) || 1;
    for (let i = 0; i < dimensions; i++) unit[at + i] = row[i]! / length;
  }
  return unit;
}

/**
 * (I + D)·x + c for each row x, in double; not scaled.
 *
 * @returns output [count, d]; for a low rank also low = A·x [count, rank], which the gradient needs
 */
export function mapVectors(
  { dimensions, rank, a, b, bias }: LinearAdapter,
  vectors: Float32Array,
): { output: Float64Array; low: Float64Array } {
  const low = rank > 0 ? timesTransposed(vectors, a, dimensions) : new Float64Array(0);
  const output = rank > 0 ? timesTransposed(low, b, rank) : timesTransposed(vectors, b, dimensions);
  for (let i = 0; i < output.length; i++) output[i]! += vectors[i]! + (bias?.[i % dimensions] ?? 0);
  return { output, low };
}

/** The adapter as files: a small JSON and a safetensors file. */
export function writeLinearAdapter(adapter: LinearAdapter): { config: string; weights: Blob } {
  const { dimensions, sides, rank, a, b, bias } = adapter;
  const tensors: SafetensorsTensor[] = [];
  const add = (name: string, shape: number[], data: Float32Array<ArrayBuffer>) =>
    tensors.push({ name, dtype: 'F32', shape, data });
  if (rank > 0) add('a', [rank, dimensions], a);
  add('b', [dimensions, rank || dimensions], b);
  if (bias) add('bias', [dimensions], bias);
  const config = { kind: 'linear', version: 1, dimensions, sides, rank };
  return { config: `${JSON.stringify(config, null, 2)}\n`, weights: writeSafetensors(tensors) };
}

/**
 * @param json the parsed `linear_config.json`
 * @throws AttuneError `adapters/bad-config`, `adapters/wrong-shape`, `models/bad-safetensors`, `models/missing-tensor`
 */
export async function readLinearAdapter(json: unknown, weights: Blob): Promise<LinearAdapter> {
  const { kind, dimensions, sides, rank } = (json ?? {}) as Record<string, unknown>;
  const counts = [dimensions, rank].every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
  if (kind !== 'linear' || !counts || (sides !== 'queries' && sides !== 'both')) {
    throw new AttuneError(
      'adapters/bad-config',
      `${LINEAR_CONFIG} does not describe a linear adapter.`,
      'Choose the files that Attune exported, as they are.',
    );
  }
  const [d, r] = [dimensions as number, rank as number];
  const file = await SafetensorsFile.open(weights, LINEAR_WEIGHTS);
  const read = async (name: string, shape: number[]): Promise<Float32Array<ArrayBuffer>> => {
    const actual = file.entry(name).shape;
    if (actual.join() !== shape.join()) {
      throw misfit(`its tensor ${name} has the shape [${actual.join(', ')}], expected was [${shape.join(', ')}]`);
    }
    return (await file.float32(name)) as Float32Array<ArrayBuffer>;
  };
  return {
    dimensions: d,
    sides,
    rank: r,
    a: r > 0 ? await read('a', [r, d]) : new Float32Array(0),
    b: await read('b', [d, r || d]),
    ...(file.tensors.has('bias') ? { bias: await read('bias', [d]) } : {}),
  };
}

function misfit(what: string): AttuneError {
  return new AttuneError(
    'adapters/wrong-shape',
    `The linear adapter does not fit: ${what}.`,
    'Choose the embedder whose vectors it was trained on.',
  );
}
