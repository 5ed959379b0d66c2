import { float } from '../../onnx/attributes.ts';
import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { div, mul, reciprocal, scale, shift, sqrt, square, sub } from './arithmetic.ts';
import { reduceMean, reduceSum, reduceSumSquare } from './reduce.ts';

/**
 * Layer normalisation over the last axis (Ba et al. 2016). The gradient flows to x only: weight and bias are frozen
 * wherever low-rank adapters are trained.
 */
export const layerNorm = defineOp({
  name: 'layerNorm',
  forward: (x: Value, weight: Value, bias: Value, epsilon: number) =>
    x.graph.emit('LayerNormalization', [x, weight, bias], x.dataType, x.shape, {
      attributes: { axis: -1, epsilon: float(epsilon) },
    }),
  vjp: (g, _, x, weight, __, epsilon) => [
    [
      x,
      () => {
        const centred = sub(x, reduceMean(x, [-1]));
        const deviation = sqrt(shift(reduceMean(square(centred), [-1]), epsilon));
        const normal = div(centred, deviation);
        const weighted = mul(g, weight);
        const along = mul(normal, reduceMean(mul(weighted, normal), [-1]));
        return div(sub(sub(weighted, reduceMean(weighted, [-1])), along), deviation);
      },
    ],
  ],
});

/** Layer normalisation of `x + skip (+ bias)` in one kernel: x, skip [..., D], others [D]; serving only. */
export const skipLayerNorm = defineOp({
  name: 'skipLayerNorm',
  forward: (x: Value, skip: Value, weight: Value, bias: Value, epsilon: number, addedBias?: Value) =>
    x.graph.emit(
      'SkipLayerNormalization',
      [x, skip, weight, bias, ...(addedBias ? [addedBias] : [])],
      x.dataType,
      x.shape,
      {
        domain: 'com.microsoft',
        attributes: { epsilon: float(epsilon) },
      },
    ),
});

/** Root mean square normalisation over the last axis (Zhang and Sennrich 2019). The gradient flows to x only. */
export const rmsNorm = defineOp({
  name: 'rmsNorm',
  forward: (x: Value, weight: Value, epsilon: number) =>
    x.graph.emit('SimplifiedLayerNormalization', [x, weight], x.dataType, x.shape, {
      attributes: { axis: -1, epsilon: float(epsilon) },
    }),
  vjp: (g, _, x, weight, epsilon) => [
    [
      x,
      () => {
        // With ρ = 1/root: dx = ρ·(g∘w) - x·ρ³·mean(g∘w∘x), the numbers per row kept apart from the passes over x.
        const size = x.shape.at(-1) as number;
        const meanSquare = scale(reduceSumSquare(x, [-1]), 1 / size);
        const inverse = reciprocal(sqrt(shift(meanSquare, epsilon)));
        const weighted = mul(g, weight);
        const along = scale(reduceSum(mul(weighted, x), [-1]), 1 / size);
        const pull = mul(along, mul(inverse, square(inverse)));
        return sub(mul(weighted, inverse), mul(x, pull));
      },
    ],
  ],
});

/**
 * Root mean square normalisation of `x + skip` in one kernel; serving only.
 *
 * @returns the normalised value and the sum, which is the next residual
 */
export function skipRmsNorm(x: Value, skip: Value, weight: Value, epsilon: number): { normal: Value; sum: Value } {
  const output = { dataType: x.dataType, shape: x.shape };
  // Outputs 1 and 2 (mean, inverse deviation) are training leftovers that the kernels never write.
  const [normal, , , sum] = x.graph.emitMany(
    'SkipSimplifiedLayerNormalization',
    [x, skip, weight],
    [output, output, output, output],
    {
      domain: 'com.microsoft',
      attributes: { epsilon: float(epsilon) },
    },
  );
  return { normal: normal!, sum: sum! };
}

/** x / ‖x‖ over the last axis; epsilon keeps a zero vector at zero. */
export function l2Normalise(x: Value, epsilon = 1e-12): Value {
  const size = x.shape.at(-1);
  if (typeof size !== 'number') throw new TypeError('l2Normalise needs a last axis of known size.');
  const meanSquare = reduceMean(square(x), [-1]);
  return div(x, sqrt(shift(mul(meanSquare, x.graph.scalar(size)), epsilon)));
}
