import type { Value } from '../../graph/graph.ts';
import { matmulInt8, type QuantisedRows } from '../../graph/ops/int8.ts';
import { addLora, gemm, loraInputs } from '../../graph/ops/linear.ts';
import { quantiseWeight } from '../int8-weight.ts';

export type Precision = 'float32' | 'int8';

/** Activations [N, in], and their bytes where the graph computes in int8: shared by layers that read the same input. */
export interface LinearInput {
  value: Value;
  quantised: QuantisedRows | undefined;
}

/** x·Wᵀ + (x·Aᵀ)·Bᵀ without bias -> [N, out]; the adapter always sees the unrounded activations. */
export function frozenLinear(
  input: LinearInput,
  module: string,
  weight: Float32Array,
  [inFeatures, outFeatures]: readonly [number, number],
): Value {
  const { graph } = input.value;
  const lora = loraInputs(graph, module, inFeatures, outFeatures);
  if (!input.quantised) {
    const matrix = graph.weight(`${module}.weight`, 'float32', [outFeatures, inFeatures], weight);
    return addLora(input.value, gemm(input.value, matrix, undefined, { transposeB: true }), lora);
  }
  const { data, scales } = quantiseWeight(weight, outFeatures, inFeatures);
  const matrix = graph.weight(`${module}.weight`, 'int8', [inFeatures, outFeatures], data);
  const columnScales = graph.weight(`${module}.scales`, 'float32', [outFeatures], scales);
  return addLora(input.value, matmulInt8(input.quantised, matrix, columnScales), lora);
}
