import { gradients } from '../../../graph/autodiff.ts';
import { Graph, type GraphModel } from '../../../graph/graph.ts';
import { keepNothing, keptInputs, keptOutputs, type Keep } from '../../../graph/kept.ts';
import { mul } from '../../../graph/ops/arithmetic.ts';
import { concat, reshape } from '../../../graph/ops/layout.ts';
import { matmul } from '../../../graph/ops/linear.ts';
import { elementCount, type Shape } from '../../../graph/shape.ts';
import { trainableBlock, type BlockKind } from './block.ts';

const TOKENS = 'B*T';

/** A block's forward run: x -> y, and with `keeps` all that its backward run takes in. */
export interface ForwardGraph {
  model: GraphModel;
  kept: { name: string; shape: Shape }[];
}

export function forwardGraph(kind: BlockKind, keeps: boolean): ForwardGraph {
  const graph = new Graph('bert block, forward');
  const kept: ForwardGraph['kept'] = [];
  const outputs = keptOutputs(graph);
  const keep: Keep = (value, name) => {
    kept.push({ name, shape: value.shape });
    return outputs(value, name);
  };
  const x = graph.input('x', 'float32', [TOKENS, kind.config.hiddenSize]);
  graph.output(trainableBlock(graph, kind, x, keeps ? keep : keepNothing).y, 'y');
  return { model: graph.build(), kept };
}

/** A block's backward run, and where each low-rank matrix lies in the vector of gradients that it gives. */
export interface BackwardGraph {
  model: GraphModel;
  /** In the order of the vector. */
  matrices: { name: string; shape: readonly number[] }[];
  /** Length of the vector. */
  size: number;
}

/**
 * Takes the forward run's inputs, what it kept, and `dy`; gives the `gradients` of all low-rank matrices in one vector,
 * for a single copy off the device, and `dx` unless nothing below is tuned.
 */
export function backwardGraph(kind: BlockKind, wantsInput: boolean): BackwardGraph {
  const graph = new Graph('bert block, backward');
  const x = graph.input('x', 'float32', [TOKENS, kind.config.hiddenSize]);
  const dy = graph.input('dy', 'float32', [TOKENS, kind.config.hiddenSize]);
  const { y, matrices } = trainableBlock(graph, kind, x, keptInputs(graph));
  const wrt = matrices.map(({ value }) => value);
  const results = gradients([{ value: y, upstream: dy }], wantsInput ? [...wrt, x] : wrt);
  const flat = wrt.map((matrix, i) => reshape(results[i]!, [elementCount(matrix.shape)]));
  graph.output(concat(flat, 0), 'gradients');
  if (wantsInput) graph.output(results.at(-1)!, 'dx');
  return {
    model: graph.build({ prune: true }),
    matrices: matrices.map(({ name, value }) => ({ name, shape: value.shape as number[] })),
    size: wrt.reduce((total, { shape }) => total + elementCount(shape), 0),
  };
}

/**
 * Token vectors to text vectors and back: `x` [B·T, D] and `share` [B, 1, T], the weight of each token (1/length for the
 * mean, 1 for the first with CLS) -> `pooled` [B, D]; `dPooled` [B, 1, D] -> `dx` [B·T, D].
 */
export function poolingGraphs(hiddenSize: number): { forward: GraphModel; backward: GraphModel } {
  const forward = new Graph('pooling');
  const x = forward.input('x', 'float32', [TOKENS, hiddenSize]);
  // B and T are looked up from this input when x is reshaped.
  const weights = forward.input('share', 'float32', ['B', 1, 'T']);
  const pooled = matmul(weights, reshape(x, ['B', 'T', hiddenSize]));
  forward.output(reshape(pooled, ['B', hiddenSize]), 'pooled');
  const backward = new Graph('pooling, backward');
  const share = backward.input('share', 'float32', ['B', 'T', 1]);
  const dPooled = backward.input('dPooled', 'float32', ['B', 1, hiddenSize]);
  backward.output(reshape(mul(share, dPooled), [TOKENS, hiddenSize]), 'dx');
  return { forward: forward.build(), backward: backward.build() };
}
