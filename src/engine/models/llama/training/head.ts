import { gradients } from '../../../graph/autodiff.ts';
import { Graph, type GraphModel, type Value } from '../../../graph/graph.ts';
import { softmax } from '../../../graph/ops/activations.ts';
import { add, log, mul, sub } from '../../../graph/ops/arithmetic.ts';
import { concat, slice } from '../../../graph/ops/layout.ts';
import { gemm } from '../../../graph/ops/linear.ts';
import { rmsNorm } from '../../../graph/ops/normalisation.ts';
import { reduceMax, reduceSum } from '../../../graph/ops/reduce.ts';
import type { LlamaConfig } from '../config.ts';
import { frozenMatrix, type FrozenFormat } from './frozen-matrix.ts';

/** What a row's softmax over some words comes to. */
interface Reading {
  /** log Σ exp z over the words, [n, 1] */
  logSum: Value;
  /** Σ p·W, the mean of their rows by the softmax, [n, hidden] */
  mean: Value;
}

/** The input with the part `i` of the output matrix. */
export function headPart(i: number): string {
  return `head ${i}`;
}

/**
 * Final norm, output matrix and cross-entropy in one graph. It goes through the vocabulary part by part, so that logits
 * of more than one part never exist.
 *
 * Inputs: `x` [n, hidden], `final_norm`, the parts of the output matrix [words, hidden], `weight` [n, 1], and what each
 * row is to predict as `expected` [n, hidden], w = Σ share·W[token] over tokens whose shares add up to 1. Outputs: `loss`
 * [n, 1], -Σ share·log p(token), unweighted; `dx` [n, hidden], the gradient of Σ weight·loss.
 *
 * With p = softmax(z), z = h·Wᵀ, the gradient is dh = weight·(p·W - w), and the loss log Σ exp z - h·w. Parts are joined
 * as in attention over blocks of keys (Milakov and Gimelshein 2018): each has the share of the whole that a softmax over
 * the logarithms of their sums gives it.
 *
 * @param parts words of each part
 */
export function headGraph(
  { hidden, rmsEpsilon }: LlamaConfig,
  format: FrozenFormat,
  parts: readonly number[],
): GraphModel {
  const graph = new Graph('llama head');
  const x = graph.input('x', 'float32', ['n', hidden]);
  const normal = rmsNorm(x, graph.input('final_norm', 'float32', [hidden]), rmsEpsilon);
  const expected = graph.input('expected', 'float32', ['n', hidden]);
  // One after the other: onnxruntime runs what the joined reading needs first, so a part is done before the next begins.
  const { logSum, mean } = parts
    .map((words, i) => () => read(normal, frozenMatrix(graph, headPart(i), format, words, hidden)))
    .reduce<Reading | undefined>((before, next) => (before ? join(before, next()) : next()), undefined)!;
  graph.output(sub(logSum, reduceSum(mul(normal, expected), [-1])), 'loss');
  const upstream = mul(sub(mean, expected), graph.input('weight', 'float32', ['n', 1]));
  graph.output(gradients([{ value: normal, upstream }], [x])[0]!, 'dx');
  return graph.build();
}

function read(normal: Value, matrix: Value): Reading {
  const logits = gemm(normal, matrix, undefined, { transposeB: true });
  const chances = softmax(logits);
  return { logSum: logSumOf(logits, chances), mean: gemm(chances, matrix) };
}

function join(a: Reading, b: Reading): Reading {
  const sums = concat([a.logSum, b.logSum], 1);
  const shares = softmax(sums);
  const share = (i: number) => slice(shares, 1, i, i + 1);
  return { logSum: logSumOf(sums, shares), mean: add(mul(a.mean, share(0)), mul(b.mean, share(1))) };
}

/** log Σ exp z of each row, which is max z - log max p: it holds where p of a word underflows (docs/mathematics.md). */
function logSumOf(logits: Value, chances: Value): Value {
  return sub(reduceMax(logits, [-1]), log(reduceMax(chances, [-1])));
}
