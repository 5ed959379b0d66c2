import type { Value } from '../graph.ts';
import { mul, scale, shift } from './arithmetic.ts';
import { reshape } from './layout.ts';

/** Rows of activations as bytes: x ≈ (values - 128) · scales. */
export interface QuantisedRows {
  /** uint8 [N, K] */
  values: Value;
  /** float32 [N, 1] */
  scales: Value;
}

const ZERO_POINT = 128;
const LARGEST = 127;

/**
 * Quantises each row of x [N, K] by its own largest magnitude, at run time. A scale per row, not one for the tensor as
 * in ONNX's DynamicQuantizeLinear: one outlier then spoils one token instead of all, and a text's vector does not
 * depend on which other texts share its batch.
 */
export function quantiseRows(x: Value): QuantisedRows {
  const { graph } = x;
  const rows = x.shape[0]!;
  const magnitudes = graph.emit('Abs', [x], 'float32', x.shape);
  const largest = graph.emit('ReduceMax', [magnitudes, graph.ints([1])], 'float32', [rows], {
    attributes: { keepdims: 0 },
  });
  // The summand keeps a row of zeros from a division by zero.
  const scales = shift(scale(largest, 1 / LARGEST), 1e-12);
  const count = graph.emit('Shape', [scales], 'int64', [1]);
  const zeroPoints = graph.emit('Expand', [graph.constant([ZERO_POINT], [1], 'uint8'), count], 'uint8', [rows]);
  const values = graph.emit('QuantizeLinear', [x, scales, zeroPoints], 'uint8', x.shape, { attributes: { axis: 0 } });
  return { values, scales: reshape(scales, [rows, 1]) };
}

/** Product of quantised rows [N, K] and an int8 weight [K, out] with a scale per column [out] -> float32 [N, out]. */
export function matmulInt8(x: QuantisedRows, weight: Value, columnScales: Value): Value {
  const { graph } = weight;
  const inputs = [x.values, weight, graph.scalar(1), columnScales, graph.constant([ZERO_POINT], [], 'uint8')];
  const shape = [x.values.shape[0]!, weight.shape[1]!];
  const product = graph.emit('MatMulIntegerToFloat', inputs, 'float32', shape, { domain: 'com.microsoft' });
  return mul(product, x.scales);
}
