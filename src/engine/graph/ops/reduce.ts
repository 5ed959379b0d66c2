import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { elementCount, normaliseAxis } from '../shape.ts';
import { mul, scale } from './arithmetic.ts';
import { expand } from './layout.ts';

function reduce(opType: string, x: Value, axes: readonly number[]): Value {
  const normal = axes.map((axis) => normaliseAxis(axis, x.shape.length));
  const shape = x.shape.map((dim, i) => (normal.includes(i) ? 1 : dim));
  return x.graph.emit(opType, [x, x.graph.ints(normal)], x.dataType, shape, { attributes: { keepdims: 1 } });
}

/** Sum over axes, which stay as 1. */
export const reduceSum: (x: Value, axes: readonly number[]) => Value = defineOp({
  name: 'reduceSum',
  forward: (x: Value, axes: readonly number[]) => reduce('ReduceSum', x, axes),
  vjp: (g, _, x) => [[x, () => expand(g, x.shape)]],
});

/** Mean over axes of known size, which stay as 1. */
export const reduceMean = defineOp({
  name: 'reduceMean',
  forward: (x: Value, axes: readonly number[]) => reduce('ReduceMean', x, axes),
  vjp: (g, _, x, axes) => [
    [x, () => expand(scale(g, 1 / elementCount(axes.map((axis) => x.shape.at(axis)!))), x.shape)],
  ],
});

/** Maximum over axes, which stay as 1. It has no gradient: it is used to shift exponents, where it cancels. */
export const reduceMax = defineOp({
  name: 'reduceMax',
  forward: (x: Value, axes: readonly number[]) => reduce('ReduceMax', x, axes),
});

/** Sum of squares over axes, which stay as 1. */
export const reduceSumSquare = defineOp({
  name: 'reduceSumSquare',
  forward: (x: Value, axes: readonly number[]) => reduce('ReduceSumSquare', x, axes),
  vjp: (g, _, x) => [[x, () => scale(mul(g, x), 2)]],
});
