import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';

/**
 * float32 of codes [rows, columns] of 8 bits that share a scale per `blockSize` columns: w = scale·code, scales [rows,
 * columns/blockSize] (ONNX DequantizeLinear, opset 21). A frozen weight: it has no gradient.
 *
 * Sessions want `session.disable_quant_qdq` = `1`, or onnxruntime repeats the op for every use.
 */
export const dequantise = defineOp({
  name: 'dequantise',
  forward: (codes: Value, scales: Value, blockSize: number) =>
    codes.graph.emit('DequantizeLinear', [codes, scales], 'float32', codes.shape, {
      attributes: { axis: 1, block_size: blockSize },
    }),
});
