import type { Value } from '../../../graph/graph.ts';
import type { Keep } from '../../../graph/kept.ts';
import { softmax } from '../../../graph/ops/activations.ts';
import { add, mul, sub } from '../../../graph/ops/arithmetic.ts';
import { firstOf, padTo, reshape, split, transpose, transposeLast } from '../../../graph/ops/layout.ts';
import { matmul } from '../../../graph/ops/linear.ts';
import { reduceSum } from '../../../graph/ops/reduce.ts';

/** The axis of tokens in [B, heads, T, headSize]. */
const TOKENS = 2;

/**
 * Masked attention with grouped queries (Ainslie et al. 2023) and its gradient written out.
 *
 * query [B, heads, T, headSize], scaled already; key, value [B, kvHeads, T, headSize] -> [B, T, heads, headSize].
 * Queries of one group stand one below the other: against the keys of their head, they are one matrix
 * [group·T, headSize].
 *
 * Queries are cut into as many equal parts as there are masks [B, 1, part, end]. A part looks at the keys before its
 * end alone: in c parts, (c-1)/2c of all scores are never computed.
 *
 * The gradient of the softmax needs Σ_j P_ij·dP_ij, which is ⟨dC_i, C_i⟩ (Dao et al. 2022, appendix B.2): a sum over the
 * head's size instead of over all tokens.
 */
export function groupedAttention(query: Value, key: Value, value: Value, masks: readonly Value[], keep: Keep): Value {
  const { graph } = query;
  const [batch, heads, length] = query.shape as [string, number, string, number];
  const keyValueHeads = key.shape[1] as number;
  const sizes = masks.map(({ shape }) => shape[2]!);
  const parts = (x: Value) => split(x, TOKENS, sizes);
  const before = (x: Value, i: number) => firstOf(x, TOKENS, masks[i]!.shape[3]!);
  const grouped = (x: Value) =>
    reshape(x, [batch, keyValueHeads, `${heads / keyValueHeads}*${x.shape[TOKENS]!}`, x.shape[3]!]);
  const perHead = (x: Value, i: number) => reshape(x, [batch, heads, sizes[i]!, x.shape[3]!]);
  const swapped = (x: Value) => transpose(x, [0, 2, 1, 3]);

  const { queries, weights, output } = graph.withoutRecording(() => {
    const queries = parts(query).map(grouped);
    const weights: Value[] = [];
    const contexts = queries.map((own, i) => {
      const scores = perHead(matmul(own, transposeLast(before(key, i))), i);
      weights.push(keep(softmax(add(scores, masks[i]!)), `weights ${i}`));
      return perHead(matmul(grouped(weights[i]!), before(value, i)), i);
    });
    return { queries, weights, output: keep(swapped(joined(contexts, length)), 'context') };
  });

  // Emitted once, whichever of the three gradients comes first.
  const gradientsOf = (upstream: Value) => {
    const dContexts = parts(swapped(upstream)).map(grouped);
    const along = parts(swapped(reduceSum(mul(upstream, output), [-1]))).map(grouped);
    const chances = weights.map(grouped);
    const dScores = chances.map((own, i) =>
      mul(own, sub(matmul(dContexts[i]!, transposeLast(before(value, i))), along[i]!)),
    );
    return { dContexts, chances, dScores };
  };
  /** Σ over parts of [kvHeads, end, ·] by the keys that they have in common. */
  const sum = (products: readonly Value[]) =>
    products.reduce((known, own) => add(padTo(known, TOKENS, own.shape[TOKENS]!), own));
  graph.record({
    op: 'groupedAttention',
    inputs: [query, key, value],
    output,
    pullBack: (upstream) => {
      let known: ReturnType<typeof gradientsOf> | undefined;
      const shared = () => (known ??= gradientsOf(upstream));
      return [
        [
          query,
          () =>
            joined(
              shared().dScores.map((own, i) => perHead(matmul(own, before(key, i)), i)),
              length,
            ),
        ],
        [key, () => sum(shared().dScores.map((own, i) => matmul(transposeLast(own), queries[i]!)))],
        [value, () => sum(shared().chances.map((own, i) => matmul(transposeLast(own), shared().dContexts[i]!)))],
      ];
    },
  });
  return output;
}

/** Parts one after the other along the tokens, `length` of them together. */
function joined(parts: readonly Value[], length: string): Value {
  if (parts.length === 1) return parts[0]!;
  const { graph, dataType, shape } = parts[0]!;
  return graph.emit('Concat', parts, dataType, shape.with(TOKENS, length), { attributes: { axis: TOKENS } });
}
