import type { Value } from '../../../graph/graph.ts';
import type { Keep } from '../../../graph/kept.ts';
import { softmax } from '../../../graph/ops/activations.ts';
import { add, mul, sub } from '../../../graph/ops/arithmetic.ts';
import { reshape, transpose, transposeLast } from '../../../graph/ops/layout.ts';
import { matmul } from '../../../graph/ops/linear.ts';
import { reduceSum } from '../../../graph/ops/reduce.ts';

/**
 * Masked attention with grouped queries (Ainslie et al. 2023) and its gradient written out.
 *
 * query [B, heads, T, headSize], scaled already; key, value [B, kvHeads, T, headSize]; mask [B, 1, T, T]
 * -> [B, T, heads, headSize]. Queries of one group stand one below the other: against the keys of their head, they are
 * one matrix [group·T, headSize].
 *
 * The gradient of the softmax needs Σ_j P_ij·dP_ij, which is ⟨dC_i, C_i⟩ (Dao et al. 2022, appendix B.2): a sum over the
 * head's size instead of over all tokens.
 */
export function groupedAttention(query: Value, key: Value, value: Value, mask: Value, keep: Keep): Value {
  const { graph } = query;
  const [batch, heads, length] = query.shape as [string, number, string, number];
  const keyValueHeads = key.shape[1] as number;
  const rows = `${heads / keyValueHeads}*${length}`;
  const grouped = (x: Value) => reshape(x, [batch, keyValueHeads, rows, x.shape[3]!]);
  const perHead = (x: Value) => reshape(x, [batch, heads, length, x.shape[3]!]);
  const swapped = (x: Value) => transpose(x, [0, 2, 1, 3]);

  const { weights, output } = graph.withoutRecording(() => {
    const scores = perHead(matmul(grouped(query), transposeLast(key)));
    const weights = keep(softmax(add(scores, mask)), 'weights');
    const output = keep(swapped(perHead(matmul(grouped(weights), value))), 'context');
    return { weights, output };
  });

  // Emitted once, whichever of the three gradients comes first.
  const gradientsOf = (upstream: Value) => {
    const dContext = grouped(swapped(upstream));
    const along = grouped(swapped(reduceSum(mul(upstream, output), [-1])));
    const chances = grouped(weights);
    return { dContext, chances, dScores: mul(chances, sub(matmul(dContext, transposeLast(value)), along)) };
  };
  graph.record({
    op: 'groupedAttention',
    inputs: [query, key, value],
    output,
    pullBack: (upstream) => {
      let known: ReturnType<typeof gradientsOf> | undefined;
      const shared = () => (known ??= gradientsOf(upstream));
      return [
        [query, () => perHead(matmul(shared().dScores, key))],
        [key, () => matmul(transposeLast(shared().dScores), grouped(query))],
        [value, () => matmul(transposeLast(shared().chances), shared().dContext)],
      ];
    },
  });
  return output;
}
