import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { broadcastShapes } from '../shape.ts';
import { sumTo } from './sum-to.ts';

/** Element-wise ops. Two operands are broadcast by NumPy's rule and have one element type. */

function binary(opType: 'Add' | 'Sub' | 'Mul' | 'Div', a: Value, b: Value): Value {
  if (a.dataType !== b.dataType)
    throw new TypeError(`${opType}: ${a.name} is ${a.dataType}, ${b.name} is ${b.dataType}.`);
  return a.graph.emit(opType, [a, b], a.dataType, broadcastShapes(a.shape, b.shape));
}

function unary(opType: string, x: Value): Value {
  return x.graph.emit(opType, [x], x.dataType, x.shape);
}

export const add = defineOp({
  name: 'add',
  forward: (a: Value, b: Value) => binary('Add', a, b),
  vjp: (g, _, a, b) => [
    [a, () => sumTo(g, a.shape)],
    [b, () => sumTo(g, b.shape)],
  ],
});

export const sub = defineOp({
  name: 'sub',
  forward: (a: Value, b: Value) => binary('Sub', a, b),
  vjp: (g, _, a, b) => [
    [a, () => sumTo(g, a.shape)],
    [b, () => sumTo(neg(g), b.shape)],
  ],
});

export const mul: (a: Value, b: Value) => Value = defineOp({
  name: 'mul',
  forward: (a: Value, b: Value) => binary('Mul', a, b),
  vjp: (g, _, a, b) => [
    [a, () => sumTo(mul(g, b), a.shape)],
    [b, () => sumTo(mul(g, a), b.shape)],
  ],
});

export const div: (a: Value, b: Value) => Value = defineOp({
  name: 'div',
  forward: (a: Value, b: Value) => binary('Div', a, b),
  vjp: (g, y, a, b) => [
    [a, () => sumTo(div(g, b), a.shape)],
    [b, () => sumTo(neg(div(mul(g, y), b)), b.shape)],
  ],
});

/** x times a literal number. */
export function scale(x: Value, factor: number): Value {
  return factor === 1 ? x : mul(x, x.graph.scalar(factor, x.dataType));
}

/** x plus a literal number. */
export function shift(x: Value, summand: number): Value {
  return add(x, x.graph.scalar(summand, x.dataType));
}

export const neg: (x: Value) => Value = defineOp({
  name: 'neg',
  forward: (x: Value) => unary('Neg', x),
  vjp: (g, _, x) => [[x, () => neg(g)]],
});

export const exp = defineOp({
  name: 'exp',
  forward: (x: Value) => unary('Exp', x),
  vjp: (g, y, x) => [[x, () => mul(g, y)]],
});

export const log = defineOp({
  name: 'log',
  forward: (x: Value) => unary('Log', x),
  vjp: (g, _, x) => [[x, () => div(g, x)]],
});

export const sqrt = defineOp({
  name: 'sqrt',
  forward: (x: Value) => unary('Sqrt', x),
  vjp: (g, y, x) => [[x, () => div(scale(g, 0.5), y)]],
});

export const reciprocal = defineOp({
  name: 'reciprocal',
  forward: (x: Value) => unary('Reciprocal', x),
  vjp: (g, y, x) => [[x, () => neg(mul(g, square(y)))]],
});

export const square = defineOp({
  name: 'square',
  forward: (x: Value) => binary('Mul', x, x),
  vjp: (g, _, x) => [[x, () => scale(mul(g, x), 2)]],
});

export const tanh = defineOp({
  name: 'tanh',
  forward: (x: Value) => unary('Tanh', x),
  vjp: (g, y, x) => [[x, () => sub(g, mul(g, square(y)))]],
});

/** The error function; its derivative is 2/√π · exp(-x²). */
export const erf = defineOp({
  name: 'erf',
  forward: (x: Value) => unary('Erf', x),
  vjp: (g, _, x) => [[x, () => mul(g, scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))]],
});
