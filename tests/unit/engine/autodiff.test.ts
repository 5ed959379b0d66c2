import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../../src/engine/graph/autodiff.ts';
import { Graph } from '../../../src/engine/graph/graph.ts';
import { gelu } from '../../../src/engine/graph/ops/activations.ts';
import { square } from '../../../src/engine/graph/ops/arithmetic.ts';
import { matmul } from '../../../src/engine/graph/ops/linear.ts';
import { reduceMax } from '../../../src/engine/graph/ops/reduce.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { evaluate } from '../../support/float64/evaluate.ts';
import { OP_CASES, type OpCase, type Sizes } from '../../support/float64/op-cases.ts';
import { sizeOf, tensor, type Tensor } from '../../support/float64/tensor.ts';

const runtime = nodeRuntime(1);
const SIZES: Sizes = { b: 2, m: 3, n: 2, k: 4 };

/** The op, and its gradients for the inputs that have one, as `g` and the number of the input. */
function graphOf({ shapes, declared, f, wrt }: OpCase, sizes: Sizes) {
  const dims = shapes(sizes);
  const graph = new Graph('op');
  const inputs = (declared?.(sizes) ?? dims).map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  const y = f(inputs, sizes);
  graph.output(y, 'y');
  const forward = graph.build();
  const upstream = graph.input('upstream', 'float32', y.shape);
  const wanted = wrt ?? inputs.map((_, i) => i);
  gradients(
    [{ value: y, upstream }],
    wanted.map((i) => inputs[i]!),
  ).forEach((gradient, n) => graph.output(gradient, `g${wanted[n]}`));
  return { forward, model: graph.build(), dims, wanted };
}

/** Points at which an op is tried, the same at every run. */
function pointsOf(dims: readonly number[][], positive = false): Record<string, Tensor> {
  const point = (shape: number[], i: number) =>
    tensor(shape, (at) => {
      const value = Math.sin(12.9898 * (at + 1) + 78.233 * (i + 1));
      return Math.fround(positive ? 1.5 + value / 2 : value);
    });
  return Object.fromEntries(dims.map((shape, i) => [`x${i}`, point(shape, i)]));
}

const upstreamOf = (shape: readonly number[]) => tensor(shape, (at) => Math.fround(Math.cos(3.7 * (at + 1))));
const dot = (a: Tensor, b: Tensor) => a.data.reduce((sum, value, i) => sum + value * b.data[i]!, 0);

describe.each(Object.entries(OP_CASES))('%s', (_, op) => {
  test('has the slope of its own values as gradient, in float64, for shapes of any size', () => {
    const size = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(fc.record({ b: size, m: size, n: size, k: size }), (sizes) => {
        const { forward, model, dims, wanted } = graphOf(op, sizes);
        const points = pointsOf(dims, op.positive);
        const upstream = upstreamOf(evaluate(forward, points).y!.shape);
        const computed = evaluate(model, { ...points, upstream });
        for (const i of wanted) {
          const [gradient, point] = [computed[`g${i}`]!, points[`x${i}`]!];
          expect(gradient.shape).toEqual(dims[i]);
          point.data.forEach((value, at) => {
            // Central differences: an error of step² from the curve and of 1e-16/step from the numbers.
            const step = 1e-5;
            const moved = (by: number) => ({ shape: point.shape, data: point.data.with(at, value + by) });
            const loss = (by: number) => dot(evaluate(forward, { ...points, [`x${i}`]: moved(by) }).y!, upstream);
            const slope = (loss(step) - loss(-step)) / (2 * step);
            // Literals in graphs are float32: 6e-8 of them is not there.
            const allowed = 1e-6 * Math.max(1, Math.abs(slope));
            expect(Math.abs(gradient.data[at]! - slope), `input ${i}, element ${at}`).toBeLessThan(allowed);
          });
        }
      }),
      { numRuns: 8, seed: 1 },
    );
  });

  test('is computed by onnxruntime as float64 says, and so is its gradient', async () => {
    const { forward, model, dims } = graphOf(op, SIZES);
    const points = pointsOf(dims, op.positive);
    const feeds = { ...points, upstream: upstreamOf(evaluate(forward, points).y!.shape) };
    const expected = evaluate(model, feeds);
    const session = await runtime.createSession(model);
    const entries = Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      runtime.tensor('float32', Float32Array.from(data), shape),
    ]);
    const computed = await session.run(Object.fromEntries(entries));
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(computed[name]!.dims).toEqual(shape);
      const largest = Math.max(1, ...data.map(Math.abs));
      (computed[name]!.data as Float32Array).forEach((value, at) =>
        expect(Math.abs(value - data[at]!), `${name}, element ${at}`).toBeLessThan(1e-5 * largest),
      );
    }
    expect(sizeOf(expected.y!.shape)).toBeGreaterThan(0);
    await session.dispose();
  });
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
