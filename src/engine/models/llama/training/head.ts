import { Graph, type GraphModel } from '../../../graph/graph.ts';
import { gradients } from '../../../graph/autodiff.ts';
import { softmax } from '../../../graph/ops/activations.ts';
import { log, mul, sub } from '../../../graph/ops/arithmetic.ts';
import { gather, reshape } from '../../../graph/ops/layout.ts';
import { gemm } from '../../../graph/ops/linear.ts';
import { rmsNorm } from '../../../graph/ops/normalisation.ts';
import { reduceMax, reduceSum } from '../../../graph/ops/reduce.ts';
import type { LlamaConfig } from '../config.ts';
import { frozenMatrix, type FrozenFormat } from './frozen-matrix.ts';

/**
 * Final norm, output matrix and cross-entropy in one graph, for n rows at a time, so that logits of more never exist.
 *
 * Inputs: `x` [n, hidden], `final_norm`, `head` [V, hidden], `weight` [n, 1], and what each row is to predict as k tokens
 * and their shares, which add up to 1: `targets` int32 [n, k], `shares` [n, k, 1]. Plain text has k = 1; a teacher's
 * distribution more. Outputs: `loss` [n, 1], -Σ share·log p(target), unweighted; `dx` [n, hidden], the gradient of
 * Σ weight·loss.
 *
 * With p = softmax(z), z = h·Wᵀ and the expected row w = Σ share·W[target], the gradient is dh = weight·(p·W - w). The
 * loss is computed as max z - log max p - h·w, which holds where p[target] itself underflows (docs/mathematics.md).
 */
export function headGraph({ hidden, vocabulary, rmsEpsilon }: LlamaConfig, format: FrozenFormat): GraphModel {
  const graph = new Graph('llama head');
  const x = graph.input('x', 'float32', ['n', hidden]);
  const matrix = frozenMatrix(graph, 'head', format, vocabulary, hidden);
  const normal = rmsNorm(x, graph.input('final_norm', 'float32', [hidden]), rmsEpsilon);
  const rows = gather(matrix, graph.input('targets', 'int32', ['n', 'k']));
  const expected = reshape(reduceSum(mul(rows, graph.input('shares', 'float32', ['n', 'k', 1])), [1]), ['n', hidden]);
  const logits = gemm(normal, matrix, undefined, { transposeB: true });
  const chances = softmax(logits);
  const normaliser = sub(reduceMax(logits, [-1]), log(reduceMax(chances, [-1])));
  graph.output(sub(normaliser, reduceSum(mul(normal, expected), [-1])), 'loss');
  const upstream = mul(sub(gemm(chances, matrix), expected), graph.input('weight', 'float32', ['n', 1]));
  graph.output(gradients([{ value: normal, upstream }], [x])[0]!, 'dx');
  return graph.build();
}
