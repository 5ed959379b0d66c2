import type { Value } from '../../../graph/graph.ts';
import type { Keep } from '../../../graph/kept.ts';
import { softmax } from '../../../graph/ops/activations.ts';
import { add, mul, sub } from '../../../graph/ops/arithmetic.ts';
import { concat, reshape, transpose, transposeLast } from '../../../graph/ops/layout.ts';
import { matmul } from '../../../graph/ops/linear.ts';
import { reduceSum } from '../../../graph/ops/reduce.ts';

/**
 * Bidirectional attention with its gradient written out: projections [N, 3·heads·headSize] of N = B·T tokens, queries
 * scaled already, and keyBias [B, 1, 1, T] -> context [N, heads·headSize].
 *
 * The gradient of the softmax needs Σ_j P_ij·dP_ij, which is ⟨dC_i, C_i⟩ (Dao et al. 2022, appendix B.2): a sum over the
 * head's size instead of over all keys.
 */
export function selfAttention(projections: Value, keyBias: Value, heads: number, keep: Keep): Value {
  const { graph } = projections;
  const hidden = (projections.shape[1] as number) / 3;
  const headSize = hidden / heads;
  const perHead = ['B', heads, 'T', headSize];
  const merge = (value: Value) => reshape(transpose(value, [0, 2, 1, 3]), ['B*T', hidden]);
  const split = (value: Value) => transpose(reshape(value, ['B', 'T', heads, headSize]), [0, 2, 1, 3]);

  const squeeze = (part: Value) => graph.emit('Squeeze', [part, graph.ints([0])], part.dataType, perHead);

  const { query, key, value, weights, output } = graph.withoutRecording(() => {
    const stacked = transpose(reshape(projections, ['B', 'T', 3, heads, headSize]), [2, 0, 3, 1, 4]);
    const part = { dataType: projections.dataType, shape: [1, ...perHead] };
    const parts = graph.emitMany('Split', [stacked, graph.ints([1, 1, 1])], [part, part, part], {
      attributes: { axis: 0 },
    });
    const [query, key, value] = ['query', 'key', 'value'].map((name, i) => keep(squeeze(parts[i]!), name));
    const weights = keep(softmax(add(matmul(query!, transposeLast(key!)), keyBias)), 'weights');
    const output = keep(merge(matmul(weights, value!)), 'context');
    return { query: query!, key: key!, value: value!, weights, output };
  });

  graph.record({
    op: 'selfAttention',
    inputs: [projections],
    output,
    pullBack: (upstream) => [
      [
        projections,
        () => {
          const dContext = split(upstream);
          const products = reshape(mul(upstream, output), ['B', 'T', heads, headSize]);
          const along = transpose(reduceSum(products, [-1]), [0, 2, 1, 3]);
          const dScores = mul(weights, sub(matmul(dContext, transposeLast(value)), along));
          const dQuery = matmul(dScores, key);
          const dKey = matmul(transposeLast(dScores), query);
          const dValue = matmul(transposeLast(weights), dContext);
          return concat([dQuery, dKey, dValue].map(merge), 1);
        },
      ],
    ],
  });
  return output;
}
