import { add } from './ops/arithmetic.ts';
import type { Value } from './graph.ts';

/**
 * Reverse-mode differentiation: emits the gradients of Σ ⟨seed.value, seed.upstream⟩ with respect to `wrt` into the
 * same graph, walking the tape backwards (Griewank and Walther, Evaluating Derivatives, chapter 3).
 *
 * Only paths that lead to `wrt` are followed, so the gradients of frozen weights are never emitted.
 *
 * @returns one value per element of `wrt`, of its shape
 * @throws TypeError when a path crosses an op without a gradient, or when nothing leads to an element of `wrt`
 */
export function gradients(seeds: readonly { value: Value; upstream: Value }[], wrt: readonly Value[]): Value[] {
  const graph = seeds[0]!.value.graph;
  const tape = [...graph.tape];
  const wanted = new Set(wrt.map((value) => value.name));
  for (const entry of tape) {
    if (entry.inputs.some((input) => wanted.has(input.name))) wanted.add(entry.output.name);
  }
  const accumulated = new Map<string, Value>();
  // Added, never assigned: a value used twice gets the sum of both uses.
  const accumulate = (value: Value, gradient: (sum?: Value) => Value) => {
    const sum = accumulated.get(value.name);
    if (!sum) accumulated.set(value.name, gradient());
    else accumulated.set(value.name, gradient.length > 0 ? gradient(sum) : add(sum, gradient()));
  };
  return graph.withoutRecording(() => {
    for (const { value, upstream } of seeds) accumulate(value, () => upstream);
    for (const entry of tape.reverse()) {
      const upstream = accumulated.get(entry.output.name);
      if (!upstream || !wanted.has(entry.output.name)) continue;
      if (!entry.pullBack) throw new TypeError(`The op ${entry.op} has no gradient.`);
      for (const [input, gradient] of entry.pullBack(upstream)) {
        if (input && wanted.has(input.name)) accumulate(input, gradient);
      }
    }
    return wrt.map((value) => {
      const gradient = accumulated.get(value.name);
      if (!gradient) throw new TypeError(`Nothing that is differentiated depends on ${value.name}.`);
      return gradient;
    });
  });
}
