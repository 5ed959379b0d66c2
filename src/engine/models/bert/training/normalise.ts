import { float } from '../../../onnx/attributes.ts';
import type { Value } from '../../../graph/graph.ts';
import type { Keep } from '../../../graph/kept.ts';
import { mul, sub } from '../../../graph/ops/arithmetic.ts';
import { reduceMean } from '../../../graph/ops/reduce.ts';

/**
 * Layer normalisation of x [N, D] that keeps x and its moments, from which the gradient is
 * dx = (g·w - mean(g·w) - n·mean(g·w·n)) / σ with n = (x - μ) / σ. Weight and bias are frozen.
 */
export function layerNormKept(x: Value, weight: Value, bias: Value, epsilon: number, keep: Keep, name: string): Value {
  const { graph } = x;
  const kept = keep(x, `${name}.input`);
  const moment = { dataType: x.dataType, shape: [x.shape[0]!, 1] };
  const [output, mean, inverse] = graph.emitMany(
    'LayerNormalization',
    [kept, weight, bias],
    [{ dataType: x.dataType, shape: x.shape }, moment, moment],
    { attributes: { axis: -1, epsilon: float(epsilon) } },
  );
  const [mu, sigma] = graph.withoutRecording(() => [
    keep(mean!, `${name}.mean`),
    keep(inverse!, `${name}.inverseDeviation`),
  ]);
  graph.record({
    op: 'layerNormKept',
    inputs: [kept],
    output: output!,
    pullBack: (upstream) => [
      [
        kept,
        () => {
          const normal = mul(sub(kept, mu!), sigma!);
          const weighted = mul(upstream, weight);
          const along = mul(normal, reduceMean(mul(weighted, normal), [-1]));
          return mul(sub(sub(weighted, reduceMean(weighted, [-1])), along), sigma!);
        },
      ],
    ],
  });
  return output!;
}
