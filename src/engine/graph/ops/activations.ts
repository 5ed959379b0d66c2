import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { add, div, erf, exp, mul, scale, shift, square, sub } from './arithmetic.ts';
import { reduceSum } from './reduce.ts';

export const sigmoid = defineOp({
  name: 'sigmoid',
  forward: (x: Value) => x.graph.emit('Sigmoid', [x], x.dataType, x.shape),
  vjp: (g, y, x) => [[x, () => mul(g, sub(y, square(y)))]],
});

/** x · σ(x), also called swish. */
export function silu(x: Value): Value {
  return mul(x, sigmoid(x));
}

/**
 * silu(gate) · up, the gated unit of Llama (Shazeer 2020), with its gradient written out: fewer passes over activations
 * than that of its parts. silu'(x) = σ(x) · (1 + x - silu(x)).
 */
export const swiglu = defineOp({
  name: 'swiglu',
  forward: (gate: Value, up: Value) => mul(silu(gate), up),
  vjp: (g, _, gate, up) => {
    let parts: { chance: Value; active: Value } | undefined;
    const shared = () => {
      if (parts) return parts;
      const chance = sigmoid(gate);
      return (parts = { chance, active: mul(gate, chance) });
    };
    return [
      [
        gate,
        () => {
          const { chance, active } = shared();
          return mul(mul(g, up), mul(chance, shift(sub(gate, active), 1)));
        },
      ],
      [up, () => mul(g, shared().active)],
    ];
  },
});

/** (1 + x) / 2 for x in [-1, 1], in one pass instead of two: what it cuts off lies outside. */
const halfOfOnePlus = defineOp({
  name: 'halfOfOnePlus',
  forward: (x: Value) =>
    x.graph.emit('HardSigmoid', [x], x.dataType, x.shape, {
      attributes: { alpha: { float: 0.5 }, beta: { float: 0.5 } },
    }),
});

/**
 * x · Φ(x) with the exact normal distribution (Hendrycks and Gimpel 2016), onnxruntime's fused kernel. With s = x/√2 its
 * derivative is (1 + erf s)/2 + s/exp(s²)/√π; where exp overflows, its reciprocal is the 0 that it should be.
 */
export const gelu = defineOp({
  name: 'gelu',
  forward: (x: Value) => x.graph.emit('Gelu', [x], x.dataType, x.shape, { domain: 'com.microsoft' }),
  vjp: (g, _, x) => [
    [
      x,
      () => {
        const s = scale(x, Math.SQRT1_2);
        const density = scale(div(s, exp(square(s))), 1 / Math.sqrt(Math.PI));
        return mul(g, add(halfOfOnePlus(erf(s)), density));
      },
    ],
  ],
});

/** The same as {@link gelu} for `gelu(x + bias)` with bias [D] over x [..., D], in one kernel; serving only. */
export const biasGelu = defineOp({
  name: 'biasGelu',
  forward: (x: Value, bias: Value) =>
    x.graph.emit('BiasGelu', [x, bias], x.dataType, x.shape, { domain: 'com.microsoft' }),
});

/** Softmax over the last axis. */
export const softmax = defineOp({
  name: 'softmax',
  forward: (x: Value) => x.graph.emit('Softmax', [x], x.dataType, x.shape, { attributes: { axis: -1 } }),
  vjp: (g, y, x) => [
    [
      x,
      () => {
        const weighted = mul(g, y);
        return sub(weighted, mul(y, reduceSum(weighted, [-1])));
      },
    ],
  ],
});
