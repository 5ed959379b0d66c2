import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { broadcastShapes, type Dim } from '../shape.ts';
import { sumTo } from './sum-to.ts';
import { transposeLast } from './layout.ts';

/** a [..., M, K] times b [..., K, N]; leading axes are broadcast. @throws TypeError when the inner sizes differ */
export const matmul: (a: Value, b: Value) => Value = defineOp({
  name: 'matmul',
  forward: (a: Value, b: Value) => {
    sameInner('matmul', a, a.shape.at(-1)!, b, b.shape.at(-2)!);
    const shape = [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), a.shape.at(-2)!, b.shape.at(-1)!];
    return a.graph.emit('MatMul', [a, b], a.dataType, shape);
  },
  vjp: (g, _, a, b) => [
    [a, () => sumTo(matmul(g, transposeLast(b)), a.shape)],
    [b, () => sumTo(matmul(transposeLast(a), g), b.shape)],
  ],
});

export interface GemmOptions {
  transposeA?: boolean;
  transposeB?: boolean;
  /** Factor of the product; the summand c is added as it is. */
  alpha?: number;
}

/** alpha · A·B + c for matrices, where A and B are a and b or their transposes, and c is broadcast. */
export const gemm: (a: Value, b: Value, c?: Value, options?: GemmOptions) => Value = defineOp({
  name: 'gemm',
  forward: (a: Value, b: Value, c?: Value, { transposeA = false, transposeB = false, alpha = 1 }: GemmOptions = {}) => {
    const [rows, inner] = transposeA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [innerB, columns] = transposeB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    sameInner('gemm', a, inner, b, innerB);
    return a.graph.emit('Gemm', c ? [a, b, c] : [a, b], a.dataType, [rows, columns], {
      attributes: { transA: transposeA, transB: transposeB, alpha: { float: alpha }, beta: { float: 1 } },
    });
  },
  vjp: (g, _, a, b, c, { transposeA = false, transposeB = false, alpha = 1 } = {}) => [
    [
      a,
      (sum) =>
        transposeA
          ? gemm(b, g, sum, { transposeA: transposeB, transposeB: true, alpha })
          : gemm(g, b, sum, { transposeB: !transposeB, alpha }),
    ],
    [
      b,
      (sum) =>
        transposeB
          ? gemm(g, a, sum, { transposeA: true, transposeB: transposeA, alpha })
          : gemm(a, g, sum, { transposeA: !transposeA, alpha }),
    ],
    [c, () => sumTo(g, c!.shape)],
  ],
});

/** A low-rank update ΔW = B·A of a linear layer (Hu et al. 2021): A [r, in], B [out, r]. The scale alpha/r lies in B. */
export interface LoraPair {
  a: Value;
  b: Value;
}

/**
 * The inputs of one adapted linear layer, named `<layer>.lora_A` and `<layer>.lora_B` with a rank of their own, so that
 * adapters with differing ranks fit. A base model is the same graph fed zeros of rank 1.
 */
export function loraInputs(graph: Value['graph'], layer: string, inFeatures: number, outFeatures: number): LoraPair {
  return {
    a: graph.input(`${layer}.lora_A`, 'float32', [`${layer}.rank`, inFeatures]),
    b: graph.input(`${layer}.lora_B`, 'float32', [outFeatures, `${layer}.rank`]),
  };
}

/** y + (x·Aᵀ)·Bᵀ for x [N, in], y [N, out]. */
export function addLora(x: Value, y: Value, { a, b }: LoraPair): Value {
  return gemm(gemm(x, a, undefined, { transposeB: true }), b, y, { transposeB: true });
}

/** x [N, in] through weight [out, in], bias [out], and the low-rank update where there is one -> [N, out]. */
export function linear(x: Value, weight: Value, bias?: Value, lora?: LoraPair): Value {
  const y = gemm(x, weight, bias, { transposeB: true });
  return lora ? addLora(x, y, lora) : y;
}

/**
 * x [N, in] through the frozen weight [out, in], its bias [out] and a low-rank update (a [r, in], b [out, r]) -> [N, out],
 * computed as x·(W + B·A)ᵀ: merging costs r·in·out, products of x with A and B cost r·N·(in + out) and whole passes over
 * the activations. For training, where N is in the thousands; serving a single token wants {@link addLora}.
 *
 * The gradients of a and b come from their thin products, never from that of the merged matrix.
 */
export const mergedLinear: (x: Value, weight: Value, bias: Value, a: Value, b: Value) => Value = defineOp({
  name: 'mergedLinear',
  forward: (x: Value, weight: Value, bias: Value, a: Value, b: Value) =>
    gemm(x, gemm(b, a, weight), bias, { transposeB: true }),
  vjp: (g, _, x, weight, __, a, b) => [
    [x, () => gemm(g, gemm(b, a, weight))],
    [a, () => gemm(gemm(g, b), x, undefined, { transposeA: true })],
    [b, () => gemm(g, gemm(x, a, undefined, { transposeB: true }), undefined, { transposeA: true })],
  ],
});

export interface BlockQuantisation {
  bits: 4 | 8;
  /** Weights along the input axis that share a scale: 16, 32, ... */
  blockSize: number;
  /** 4: the CPU kernels may quantise x to int8 per block, much faster; 0: compute in the type of x. */
  accuracyLevel?: 0 | 4;
}

/**
 * x [..., K] times a block-quantised weight of logical shape [N, K] -> [..., N]; forward only.
 *
 * @param quantised uint8 [N, K/blockSize, blockSize·bits/8], unsigned, low nibble first
 * @param scales [N·K/blockSize]
 * @param zeroPoints as onnxruntime's MatMulNBits has them; absent: 2^(bits-1)
 */
export const matmulNBits = defineOp({
  name: 'matmulNBits',
  forward: (
    x: Value,
    quantised: Value,
    scales: Value,
    options: BlockQuantisation,
    zeroPoints?: Value,
    bias?: Value,
  ) => {
    const k = x.shape.at(-1)!;
    const n = quantised.shape[0]!;
    const { bits, blockSize, accuracyLevel } = options;
    const inputs = [x, quantised, scales, zeroPoints, undefined, bias];
    while (inputs.at(-1) === undefined) inputs.pop();
    return x.graph.emit('MatMulNBits', inputs, x.dataType, [...x.shape.slice(0, -1), n], {
      domain: 'com.microsoft',
      attributes: {
        K: Number(k),
        N: Number(n),
        bits,
        block_size: blockSize,
        accuracy_level: accuracyLevel || undefined,
      },
    });
  },
});

function sameInner(op: string, a: Value, k: Dim, b: Value, kB: Dim): void {
  if (k !== kB)
    throw new TypeError(
      `${op}: ${a.name} [${a.shape.join(', ')}] and ${b.name} [${b.shape.join(', ')}] do not fit: ${k} is not ${kB}.`,
    );
}
