import type { Value } from '../../graph/graph.ts';
import type { LinearName } from './weights.ts';

/** The linear layers of a block by the input that they share. */
export const GROUPS = {
  projections: ['attention.self.query', 'attention.self.key', 'attention.self.value'],
  attended: ['attention.output.dense'],
  wide: ['intermediate.dense'],
  narrow: ['output.dense'],
} as const satisfies Record<string, readonly LinearName[]>;

export type GroupName = keyof typeof GROUPS;
export const GROUP_NAMES = Object.keys(GROUPS) as GroupName[];

export const NORMS = ['attentionNorm', 'outputNorm'] as const;
export type NormName = (typeof NORMS)[number];

/**
 * The operators of a block, N = B·T tokens at a time: kernels and weights for serving (`encoder.ts`), differentiable
 * operators over inputs for training (`training/block.ts`). Biases are added with the product or by what follows it.
 */
export interface BlockOperators<Joined> {
  projections: (x: Value) => Joined;
  /** -> [N, hidden] */
  attention: (projections: Joined) => Value;
  linear: (x: Value, group: Exclude<GroupName, 'projections'>) => Value;
  gelu: (x: Value) => Value;
  /** Layer normalisation of x + change. */
  norm: (change: Value, x: Value, name: NormName) => Value;
}

/** One block of a BERT encoder (Devlin et al. 2019): the definition that serving and training have in common. */
export function bertBlock<Joined>(operators: BlockOperators<Joined>, x: Value): Value {
  const { projections, attention, linear, gelu, norm } = operators;
  const middle = norm(linear(attention(projections(x)), 'attended'), x, 'attentionNorm');
  return norm(linear(gelu(linear(middle, 'wide')), 'narrow'), middle, 'outputNorm');
}
