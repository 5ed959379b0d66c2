import type { Graph, Pullback, Value } from './graph.ts';

/** What an op may take: values, lists of them, options. */
type Argument = unknown;

/** The definition of an op, all in one place: what it emits, and how a gradient flows back through it. */
export interface OpDefinition<Args extends readonly Argument[]> {
  name: string;
  /** Emits the nodes of the op. Ops called inside are not recorded when the op has a gradient of its own. */
  forward: (...args: Args) => Value;
  /**
   * The vector-Jacobian product: for each differentiable input a function that emits `upstream · ∂output/∂input`, in
   * terms of other ops. Absent: the op cannot be differentiated.
   */
  vjp?: (upstream: Value, output: Value, ...args: Args) => Pullback;
}

/** Makes the function that graphs are written with from an op's definition. */
export function defineOp<Args extends readonly Argument[]>(definition: OpDefinition<Args>): (...args: Args) => Value {
  return (...args) => {
    const inputs = (args as readonly unknown[]).flat().filter(isValue);
    const graph: Graph | undefined = inputs[0]?.graph;
    if (!graph) throw new TypeError(`${definition.name} got no value.`);
    const output = graph.withoutRecording(() => definition.forward(...args));
    // An op that had nothing to do gave its input back: recorded, the gradient of that would count twice.
    if (inputs.includes(output)) return output;
    const { vjp } = definition;
    graph.record({
      op: definition.name,
      output,
      inputs,
      ...(vjp && { pullBack: (upstream: Value) => vjp(upstream, output, ...args) }),
    });
    return output;
  };
}

function isValue(argument: unknown): argument is Value {
  return typeof argument === 'object' && argument !== null && 'graph' in argument && 'shape' in argument;
}
