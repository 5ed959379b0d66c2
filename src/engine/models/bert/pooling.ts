import type { Value } from '../../graph/graph.ts';
import { div } from '../../graph/ops/arithmetic.ts';
import { cast, reshape, slice } from '../../graph/ops/layout.ts';
import { matmul } from '../../graph/ops/linear.ts';
import { l2Normalise } from '../../graph/ops/normalisation.ts';
import { reduceSum } from '../../graph/ops/reduce.ts';

/** How token vectors become one: the mean over the tokens, or the vector of the first ([CLS]). */
export type Pooling = 'mean' | 'cls';

/** x [B, T, D], mask int32 [B, T] -> unit-length rows [B, D]. */
export function pool(x: Value, mask: Value, pooling: Pooling): Value {
  const [batch, length, size] = x.shape as [string, string, number];
  if (pooling === 'cls') return l2Normalise(reshape(slice(x, 1, 0, 1), [batch, size]));
  // A sum over tokens is a product with the mask as a row; the mean's divisor cancels in the normalisation only up to
  // rounding, so it is kept: the values stay in a range where epsilon means the same for every length.
  const weights = reshape(cast(mask, 'float32'), [batch, 1, length]);
  const mean = div(matmul(weights, x), reduceSum(weights, [-1]));
  return l2Normalise(reshape(mean, [batch, size]));
}
