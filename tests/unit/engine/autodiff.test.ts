import { expect, test } from 'vitest';
import { gradients } from '../../../src/engine/graph/autodiff.ts';
import { Graph, type Value } from '../../../src/engine/graph/graph.ts';
import { gelu, sigmoid, silu, softmax, swiglu } from '../../../src/engine/graph/ops/activations.ts';
import {
  add,
  div,
  erf,
  exp,
  log,
  mul,
  neg,
  reciprocal,
  sqrt,
  square,
  sub,
  tanh,
} from '../../../src/engine/graph/ops/arithmetic.ts';
import { concat, expand, reshape, slice, transpose } from '../../../src/engine/graph/ops/layout.ts';
import { addLora, gemm, matmul } from '../../../src/engine/graph/ops/linear.ts';
import { l2Normalise, layerNorm, rmsNorm } from '../../../src/engine/graph/ops/normalisation.ts';
import { reduceMax, reduceMean, reduceSum, reduceSumSquare } from '../../../src/engine/graph/ops/reduce.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';

const runtime = nodeRuntime(1);

interface Case {
  shapes: number[][];
  f: (...inputs: Value[]) => Value;
  /** Keeps inputs away from where a function or its curvature explodes. */
  positive?: boolean;
}

const cases: Record<string, Case> = {
  'add, broadcast both ways': {
    shapes: [
      [3, 1],
      [2, 1, 4],
    ],
    f: add,
  },
  'sub, lower rank': { shapes: [[2, 3], [3]], f: sub },
  'mul, broadcast': {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    f: mul,
  },
  div: { shapes: [[2, 3], [3]], f: div, positive: true },
  neg: { shapes: [[3]], f: neg },
  exp: { shapes: [[3]], f: exp },
  log: { shapes: [[3]], f: log, positive: true },
  sqrt: { shapes: [[3]], f: sqrt, positive: true },
  square: { shapes: [[3]], f: square },
  tanh: { shapes: [[4]], f: tanh },
  erf: { shapes: [[4]], f: erf },
  sigmoid: { shapes: [[4]], f: sigmoid },
  silu: { shapes: [[4]], f: silu },
  swiglu: {
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: swiglu,
  },
  gelu: { shapes: [[5]], f: (x) => gelu(x!) },
  softmax: { shapes: [[2, 4]], f: softmax },
  reduceSumSquare: { shapes: [[2, 3]], f: (x) => reduceSumSquare(x, [-1]) },
  reciprocal: { shapes: [[3]], f: reciprocal, positive: true },
  reduceSum: { shapes: [[2, 3, 2]], f: (x) => reduceSum(x, [0, -1]) },
  reduceMean: { shapes: [[2, 3]], f: (x) => reduceMean(x, [-1]) },
  reshape: { shapes: [[2, 6]], f: (x) => square(reshape(x, [3, 4])) },
  transpose: { shapes: [[2, 3, 4]], f: (x) => square(transpose(x, [2, 0, 1])) },
  expand: { shapes: [[2, 1]], f: (x) => square(expand(x, [2, 3])) },
  concat: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    f: (a, b) => square(concat([a, b], 1)),
  },
  slice: { shapes: [[2, 5]], f: (x) => square(slice(x, 1, 1, 3)) },
  'matmul, broadcast batch': {
    shapes: [
      [2, 3, 4],
      [4, 2],
    ],
    f: matmul,
  },
  'gemm with a summand': { shapes: [[2, 3], [3, 4], [4]], f: (a, b, c) => gemm(a, b, c, { alpha: 0.5 }) },
  'gemm, a transposed': {
    shapes: [
      [3, 2],
      [3, 4],
    ],
    f: (a, b) => gemm(a, b, undefined, { transposeA: true }),
  },
  'gemm, b transposed': {
    shapes: [
      [2, 3],
      [4, 3],
    ],
    f: (a, b) => gemm(a, b, undefined, { transposeB: true, alpha: 2 }),
  },
  'gemm, both transposed': {
    shapes: [
      [3, 2],
      [4, 3],
    ],
    f: (a, b) => gemm(a, b, undefined, { transposeA: true, transposeB: true }),
  },
  'low-rank update': {
    shapes: [
      [3, 4],
      [3, 5],
      [2, 4],
      [5, 2],
    ],
    f: (x, y, a, b) => addLora(x, y, { a, b }),
  },
  layerNorm: {
    shapes: [[2, 6]],
    f: (x) => layerNorm(x, x.graph.constant([1, 2, 3, 1, 2, 3], [6]), x.graph.constant([1, 1, 1, 0, 0, 0], [6]), 1e-5),
  },
  rmsNorm: { shapes: [[2, 4]], f: (x) => rmsNorm(x, x.graph.constant([1, 2, 3, 4], [4]), 1e-5) },
  l2Normalise: { shapes: [[2, 4]], f: (x) => l2Normalise(x) },
  'a value used twice': { shapes: [[3]], f: (x) => mul(sigmoid(x), add(x, x)) },
};

test.each(Object.keys(cases))('the gradient of %s is the slope of its own values', async (name) => {
  const { shapes, f, positive = false } = cases[name]!;
  const graph = new Graph(name);
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  const y = f(...inputs);
  const shape = y.shape as number[];
  const upstream = graph.input('upstream', 'float32', shape);
  graph.output(y, 'y');
  gradients([{ value: y, upstream }], inputs).forEach((gradient, i) => {
    expect(gradient.shape).toEqual(shapes[i]);
    graph.output(gradient, `g${i}`);
  });
  const session = await runtime.createSession(graph.build());

  const values = shapes.map((dims, i) => sample(size(dims), i + 1, positive));
  const weights = sample(size(shape), 99, false);
  const run = (points: Float32Array[]) =>
    session.run({
      ...Object.fromEntries(points.map((point, i) => [`x${i}`, runtime.tensor('float32', point, shapes[i]!)])),
      upstream: runtime.tensor('float32', weights, shape),
    });
  const loss = async (points: Float32Array[]) => dot((await run(points)).y!.data as Float32Array, weights);

  // Central differences: an error of step² from the curve and of 1e-7/step from float32, both near 1e-5 here.
  const step = 5e-3;
  const output = await run(values);
  for (const [i, value] of values.entries()) {
    const gradient = output[`g${i}`]!.data as Float32Array;
    for (let at = 0; at < value.length; at++) {
      const moved = (by: number) => values.map((v, j) => (j === i ? v.map((x, k) => (k === at ? x + by : x)) : v));
      const slope = ((await loss(moved(step))) - (await loss(moved(-step)))) / (2 * step);
      expect(Math.abs(gradient[at]! - slope), `input ${i}, element ${at}`).toBeLessThan(
        2e-3 * Math.max(1, Math.abs(slope)),
      );
    }
  }
  await session.dispose();
});

test('frozen inputs get no gradient nodes', () => {
  const build = (wrt: number[]) => {
    const graph = new Graph('frozen');
    const inputs = [graph.input('x', 'float32', [2, 3]), graph.input('w', 'float32', [3, 3])];
    const y = matmul(inputs[0]!, inputs[1]!);
    gradients(
      [{ value: y, upstream: graph.input('upstream', 'float32', [2, 3]) }],
      wrt.map((i) => inputs[i]!),
    );
    return graph.build().bytes.length;
  };
  expect(build([0])).toBeLessThan(build([0, 1]));
});

test("gelu's slope far out is 0 or 1, where exp overflows too", async () => {
  const graph = new Graph('gelu far out');
  const x = graph.input('x', 'float32', [6]);
  const upstream = graph.input('upstream', 'float32', [6]);
  graph.output(gradients([{ value: gelu(x), upstream }], [x])[0]!, 'gradient');
  const session = await runtime.createSession(graph.build());
  const { gradient } = await session.run({
    x: runtime.tensor('float32', Float32Array.of(-1000, -15, 0, 0.75, 15, 1000), [6]),
    upstream: runtime.tensor('float32', new Float32Array(6).fill(1), [6]),
  });
  // Φ(0.75) + 0.75·φ(0.75)
  const expected = [0, 0, 0.5, 0.7733726476 + 0.75 * 0.3011374322, 1, 1];
  (gradient!.data as Float32Array).forEach((slope, i) => expect(slope).toBeCloseTo(expected[i]!, 5));
  await session.dispose();
});

test('an op without a gradient says so by name', () => {
  const graph = new Graph('maximum');
  const x = graph.input('x', 'float32', [2, 3]);
  const y = reduceMax(x, [1]);
  const upstream = graph.input('upstream', 'float32', [2, 1]);
  expect(() => gradients([{ value: y, upstream }], [x])).toThrow('reduceMax has no gradient');
  const unrelated = graph.input('unrelated', 'float32', [1]);
  expect(() => gradients([{ value: square(x), upstream: x }], [unrelated])).toThrow('depends on unrelated');
});

function size(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Well spread and the same at every run. */
function sample(count: number, seed: number, positive: boolean): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const value = Math.sin(12.9898 * (i + 1) + 78.233 * seed);
    return positive ? 1.5 + value / 2 : value;
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
