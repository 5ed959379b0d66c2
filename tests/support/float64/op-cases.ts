import { keepNothing } from '../../../src/engine/graph/kept.ts';
import type { Value } from '../../../src/engine/graph/graph.ts';
import { gelu, sigmoid, silu, softmax, swiglu } from '../../../src/engine/graph/ops/activations.ts';
import * as arithmetic from '../../../src/engine/graph/ops/arithmetic.ts';
import { rotate } from '../../../src/engine/graph/ops/attention.ts';
import { cast, concat, expand, gather, reshape, slice, transpose } from '../../../src/engine/graph/ops/layout.ts';
import { addLora, gemm, matmul, mergedLinear } from '../../../src/engine/graph/ops/linear.ts';
import { l2Normalise, layerNorm, rmsNorm } from '../../../src/engine/graph/ops/normalisation.ts';
import { reduceMean, reduceSum, reduceSumSquare } from '../../../src/engine/graph/ops/reduce.ts';
import type { Dim, Shape } from '../../../src/engine/graph/shape.ts';
import { selfAttention } from '../../../src/engine/models/bert/training/attention.ts';
import { layerNormKept } from '../../../src/engine/models/bert/training/normalise.ts';
import { groupedAttention } from '../../../src/engine/models/llama/training/attention.ts';

/** Sizes of which the shapes of a case are made. */
export interface Sizes {
  b: number;
  m: number;
  n: number;
  k: number;
}

export interface OpCase {
  /** Of the inputs, from sizes. */
  shapes: (sizes: Sizes) => number[][];
  f: (inputs: readonly Value[], sizes: Sizes) => Value;
  /** The inputs as the graph knows them, where they have names instead of numbers. */
  declared?: (sizes: Sizes) => Shape[];
  /** Keeps inputs away from where a function or its curvature explodes. */
  positive?: boolean;
  /** Inputs that the op has gradients for; absent: all. */
  wrt?: readonly number[];
}

const { add, div, erf, exp, log, mul, neg, reciprocal, sqrt, square, sub, tanh } = arithmetic;
const unary = (f: (x: Value) => Value, positive = false): OpCase => ({
  shapes: ({ m, n }) => [[m, n]],
  f: ([x]) => f(x!),
  positive,
});
const product = (left: Dim[], right: Dim[], f: (a: Value, b: Value) => Value): OpCase => ({
  shapes: (sizes) => [left, right].map((dims) => dims.map((dim) => sizes[dim as keyof Sizes])),
  f: ([a, b]) => f(a!, b!),
});

/** Every op that has a gradient, and the pieces of models whose gradients are written out. */
export const OP_CASES: Readonly<Record<string, OpCase>> = {
  'add, broadcast both ways': {
    shapes: ({ b, m, n }) => [
      [m, 1],
      [b, 1, n],
    ],
    f: ([x, y]) => add(x!, y!),
  },
  'sub, lower rank': { shapes: ({ m, n }) => [[m, n], [n]], f: ([x, y]) => sub(x!, y!) },
  'mul, broadcast': {
    shapes: ({ m, n }) => [
      [m, n],
      [m, 1],
    ],
    f: ([x, y]) => mul(x!, y!),
  },
  div: { shapes: ({ m, n }) => [[m, n], [n]], f: ([x, y]) => div(x!, y!), positive: true },
  neg: unary(neg),
  exp: unary(exp),
  log: unary(log, true),
  sqrt: unary(sqrt, true),
  square: unary(square),
  tanh: unary(tanh),
  erf: unary(erf),
  sigmoid: unary(sigmoid),
  silu: unary(silu),
  gelu: unary(gelu),
  softmax: unary(softmax),
  reciprocal: unary(reciprocal, true),
  cast: unary((x) => square(cast(x, 'float32'))),
  swiglu: {
    shapes: ({ m, n }) => [
      [m, n],
      [m, n],
    ],
    f: ([x, y]) => swiglu(x!, y!),
  },
  reduceSumSquare: unary((x) => reduceSumSquare(x, [-1])),
  reduceSum: { shapes: ({ b, m, n }) => [[b, m, n]], f: ([x]) => square(reduceSum(x!, [0, -1])) },
  reduceMean: unary((x) => square(reduceMean(x, [-1]))),
  reshape: { shapes: ({ m, n, k }) => [[m, n * k]], f: ([x], { m, n, k }) => square(reshape(x!, [n, k * m])) },
  transpose: { shapes: ({ b, m, n }) => [[b, m, n]], f: ([x]) => square(transpose(x!, [2, 0, 1])) },
  expand: { shapes: ({ m }) => [[m, 1]], f: ([x], { m, n }) => square(expand(x!, [m, n])) },
  concat: {
    shapes: ({ m, n, k }) => [
      [m, n],
      [m, k],
    ],
    f: ([x, y]) => square(concat([x!, y!], 1)),
  },
  slice: { shapes: ({ m, n, k }) => [[m, n + k + 1]], f: ([x], { n }) => square(slice(x!, 1, 1, n + 1)) },
  'matmul, broadcast batch': {
    shapes: ({ b, m, n, k }) => [
      [b, m, k],
      [k, n],
    ],
    f: ([x, y]) => matmul(x!, y!),
  },
  'gemm with a summand': {
    shapes: ({ m, n, k }) => [[m, k], [k, n], [n]],
    f: ([x, y, c]) => gemm(x!, y!, c, { alpha: 0.5 }),
  },
  'gemm, a transposed': product(['k', 'm'], ['k', 'n'], (a, b) => gemm(a, b, undefined, { transposeA: true })),
  'gemm, b transposed': product(['m', 'k'], ['n', 'k'], (a, b) =>
    gemm(a, b, undefined, { transposeB: true, alpha: 2 }),
  ),
  'gemm, both transposed': product(['k', 'm'], ['n', 'k'], (a, b) =>
    gemm(a, b, undefined, { transposeA: true, transposeB: true }),
  ),
  'low-rank update': {
    shapes: ({ b, m, n, k }) => [
      [m, k],
      [m, n],
      [b, k],
      [n, b],
    ],
    f: ([x, y, a, c]) => addLora(x!, y!, { a: a!, b: c! }),
  },
  'merged low-rank update': {
    shapes: ({ b, m, n, k }) => [[m, k], [n, k], [n], [b, k], [n, b]],
    f: ([x, weight, bias, a, c]) => mergedLinear(x!, weight!, bias!, a!, c!),
    wrt: [0, 3, 4],
  },
  'rows of a table, times a factor': {
    shapes: ({ m, n }) => [[m, n], [n]],
    f: ([table, factor]) => mul(gather(table!, table!.graph.ints([0, 0])), factor!),
    wrt: [1],
  },
  layerNorm: {
    shapes: ({ m, n }) => [[m, n + 1], [n + 1], [n + 1]],
    f: ([x, w, b]) => layerNorm(x!, w!, b!, 1e-2),
    wrt: [0],
  },
  'layerNorm that keeps its moments': {
    shapes: ({ m, n }) => [[m, n + 1], [n + 1], [n + 1]],
    f: ([x, w, b]) => layerNormKept(x!, w!, b!, 1e-2, keepNothing, 'norm'),
    wrt: [0],
  },
  rmsNorm: { shapes: ({ m, n }) => [[m, n], [n]], f: ([x, w]) => rmsNorm(x!, w!, 1e-2), wrt: [0] },
  l2Normalise: unary((x) => l2Normalise(x), true),
  'a value used twice': unary((x) => mul(sigmoid(x), add(x, x))),
  'rotation by position': {
    shapes: ({ m, n, k }) => [
      [1, m, 2 * n * k],
      [m, n],
      [m, n],
    ],
    f: ([x, cos, sin]) => rotate(x!, cos!, sin!),
    wrt: [0],
  },
  'attention of an encoder': {
    shapes: ({ b, m, n, k }) => [
      [b * m, 3 * n * k],
      [b, 1, 1, m],
    ],
    declared: ({ n, k }) => [
      ['B*T', 3 * n * k],
      ['B', 1, 1, 'T'],
    ],
    f: ([x, bias], { n }) => selfAttention(x!, bias!, n, keepNothing),
    wrt: [0],
  },
  'attention of a decoder, grouped, in two parts': {
    shapes: ({ b, m, n, k }) => {
      const [whole, keys] = [
        [b, 2 * n, 2 * m, k],
        [b, n, 2 * m, k],
      ];
      return [whole, keys, keys, [b, 1, m, m], [b, 1, m, 2 * m]];
    },
    declared: ({ n, k }) => {
      const keys = ['B', n, 'T', k];
      return [['B', 2 * n, 'T', k], keys, keys, ['B', 1, 'P', 'P'], ['B', 1, 'P', 'T']];
    },
    f: ([query, key, value, ...masks]) => groupedAttention(query!, key!, value!, masks, keepNothing),
    wrt: [0, 1, 2],
  },
};
