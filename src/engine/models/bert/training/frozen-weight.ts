import { toFloat16 } from '../../../formats/float16.ts';
import type { Graph, Value } from '../../../graph/graph.ts';
import { mul, shift } from '../../../graph/ops/arithmetic.ts';
import { cast } from '../../../graph/ops/layout.ts';
import type { Allocator } from '../../../resident/all-or-none.ts';
import type { ResidentTensor } from '../../../resident/resident.ts';
import { quantiseWeight } from '../../int8-weight.ts';

/**
 * How a frozen weight lies in memory. `float32`: the fastest; `float16`: half the memory, exact for weights that are
 * stored so; `int8`: a quarter, on the very grid on which int8 sessions serve (QLoRA, Dettmers et al. 2023), so that the
 * adapter learns to live with its rounding.
 */
export type FrozenFormat = 'float32' | 'float16' | 'int8';

/** Signed codes are stored with this added: WebGPU has no tensors of signed bytes. */
const ZERO_POINT = 128;

/** Declares the inputs of a weight [out, in] and gives its float32 value. */
export function frozenWeight(
  graph: Graph,
  name: string,
  format: FrozenFormat,
  outFeatures: number,
  inFeatures: number,
): Value {
  const shape = [outFeatures, inFeatures];
  if (format === 'float32') return graph.input(name, format, shape);
  const stored = cast(graph.input(name, format === 'int8' ? 'uint8' : format, shape), 'float32');
  const codes = format === 'int8' ? shift(stored, -ZERO_POINT) : stored;
  return mul(codes, graph.input(`${name}.scales`, 'float32', [outFeatures, 1]));
}

/** A weight [out, in] of one linear layer and what it is multiplied by. */
export interface WeightPart {
  weight: Float32Array;
  factor: number;
}

/** The tensors that {@link frozenWeight} is fed for parts that stand one below the other. The caller disposes them. */
export function frozenTensors(
  allocator: Allocator,
  name: string,
  format: FrozenFormat,
  parts: readonly WeightPart[],
  inFeatures: number,
): [string, ResidentTensor][] {
  const size = parts.reduce((sum, { weight }) => sum + weight.length, 0);
  const shape = [size / inFeatures, inFeatures];
  if (format === 'float32') {
    const joined = new Float32Array(size);
    eachPart(parts, ({ weight, factor }, at) => weight.forEach((value, i) => (joined[at + i] = value * factor)));
    return [[name, allocator.tensor('float32', shape, joined)]];
  }
  const codes = format === 'int8' ? new Uint8Array(size) : new Uint16Array(size);
  const scales = new Float32Array(shape[0]!);
  eachPart(parts, ({ weight, factor }, at) => {
    const rows = weight.length / inFeatures;
    if (format === 'float16') {
      weight.forEach((value, i) => (codes[at + i] = toFloat16(value)));
      scales.fill(factor, at / inFeatures, at / inFeatures + rows);
      return;
    }
    const rounded = quantiseWeight(weight, rows, inFeatures);
    for (let row = 0; row < rows; row++) {
      scales[at / inFeatures + row] = rounded.scales[row]! * factor;
      // The serving kernels read columns, the training graphs rows.
      for (let i = 0; i < inFeatures; i++)
        codes[at + row * inFeatures + i] = rounded.data[i * rows + row]! + ZERO_POINT;
    }
  });
  const type = format === 'int8' ? 'uint8' : 'float16';
  return [
    [name, allocator.tensor(type, shape, codes)],
    [`${name}.scales`, allocator.tensor('float32', [shape[0]!, 1], scales)],
  ];
}

function eachPart(parts: readonly WeightPart[], visit: (part: WeightPart, at: number) => void): void {
  let at = 0;
  for (const part of parts) {
    visit(part, at);
    at += part.weight.length;
  }
}
