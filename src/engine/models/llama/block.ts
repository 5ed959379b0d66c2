import type { Value } from '../../graph/graph.ts';

/** What blocks hand on, [N, hidden]: sum + change. Kernels that add and normalise at once do the addition. */
export interface Residual {
  sum: Value;
  change?: Value;
}

/** Names of a block's norms, as its weights have them. */
export type BlockNorm = 'attention_norm' | 'feed_forward_norm';

/**
 * The operators of a block, N tokens at a time: kernels and weights for serving (`graph.ts`), differentiable operators
 * over inputs for training (`training/block.ts`). Layers that share their input may come out joined in one value.
 */
export interface BlockOperators<Joined> {
  /** Root mean square normalisation of sum + change, and that sum. */
  norm: (x: Residual, name: BlockNorm) => { normal: Value; sum: Value };
  joined: (x: Value, group: 'qkv' | 'gate_up') => Joined;
  linear: (x: Value, group: 'o' | 'down') => Value;
  /** Queries, keys and values, not rotated yet -> [N, heads·headSize]. */
  attention: (projections: Joined) => Value;
  /** silu(gate)·up */
  gated: (projections: Joined) => Value;
}

/** One block of a Llama model (Touvron et al. 2023): the definition that serving and training have in common. */
export function llamaBlock<Joined>(operators: BlockOperators<Joined>, x: Residual): Residual {
  const { norm, joined, linear, attention, gated } = operators;
  const before = norm(x, 'attention_norm');
  const attended = linear(attention(joined(before.normal, 'qkv')), 'o');
  const middle = norm({ sum: before.sum, change: attended }, 'feed_forward_norm');
  return { sum: middle.sum, change: linear(gated(joined(middle.normal, 'gate_up')), 'down') };
}
