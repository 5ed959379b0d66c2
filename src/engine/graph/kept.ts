import type { Graph, Value } from './graph.ts';

/**
 * What becomes of a block's intermediate values between its forward and its backward run. A definition passes the values
 * that are worth memory through `keep`; one and the same definition then gives a forward graph that hands them out, and
 * a backward graph that takes them in, or one that computes them again (activation checkpointing, Chen et al. 2016).
 */
export type Keep = (value: Value, name: string) => Value;

/** The backward graph computes everything again; the forward graph hands out nothing. */
export const keepNothing: Keep = (value) => value;

/** In the forward graph: the values that `wanted` names become outputs. */
export function keptOutputs(graph: Graph, wanted: (name: string) => boolean = () => true): Keep {
  return (value, name) => {
    if (wanted(name)) graph.output(value, name);
    return value;
  };
}

/**
 * In the backward graph: the values that `wanted` names become inputs, and gradients flow through them to what they were
 * computed from. What nothing else needs is left out by `graph.build({ prune: true })`.
 */
export function keptInputs(graph: Graph, wanted: (name: string) => boolean = () => true): Keep {
  return (value, name) => {
    if (!wanted(name)) return value;
    const kept = graph.input(name, value.dataType, value.shape);
    // Softmax and its like use their own output in their gradient: that has to be the kept one too.
    graph.replace(value, kept);
    graph.record({ op: 'kept', inputs: [value], output: kept, pullBack: (upstream) => [[value, () => upstream]] });
    return kept;
  };
}
