import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { keepNothing, type Keep } from '../kept.ts';
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
 * x · Φ(x) with the exact normal distribution (Hendrycks and Gimpel 2016). With s = x/√2 is Φ = (1 + erf s)/2, and the
 * derivative Φ + s/exp(s²)/√π; where exp overflows, its reciprocal is the 0 that it should be. erf is the dearest part, a
 * tenth of a training step on wasm: whoever keeps Φ computes it once instead of three times.
 */
export function gelu(x: Value, keep: Keep = keepNothing): Value {
  const { graph } = x;
  const half = () => scale(x, Math.SQRT1_2);
  const { chance, output } = graph.withoutRecording(() => {
    const chance = keep(halfOfOnePlus(erf(half())), 'chance');
    return { chance, output: mul(x, chance) };
  });
  graph.record({
    op: 'gelu',
    inputs: [x],
    output,
    pullBack: (upstream) => [
      [
        x,
        () => {
          const s = half();
          const density = scale(div(s, exp(square(s))), 1 / Math.sqrt(Math.PI));
          return mul(upstream, add(chance, density));
        },
      ],
    ],
  });
  return output;
}

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
