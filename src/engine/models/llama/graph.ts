import { Graph, type GraphModel, type Value } from '../../graph/graph.ts';
import { float } from '../../onnx/attributes.ts';
import { mul } from '../../graph/ops/arithmetic.ts';
import { concat, gather, reshape } from '../../graph/ops/layout.ts';
import { rmsNorm, skipRmsNorm } from '../../graph/ops/normalisation.ts';
import {
  branchInputs,
  cachedAttention,
  treeInputs,
  type AttentionContext,
  type AttentionKernels,
} from './attention.ts';
import { llamaBlock, type BlockOperators, type Residual } from './block.ts';
import type { LlamaConfig } from './config.ts';
import { linearGroup, type LinearGroup, type WeightLayout, type WeightReaders } from './linear-group.ts';
import type { LlamaGroup } from './linears.ts';
import type { StoredMatrix } from './matrix.ts';
import { ropeTables } from './rope.ts';
import type { LlamaLayerWeights, LlamaWeights } from './weights.ts';

export interface LlamaGraph {
  model: GraphModel;
  readers: WeightReaders;
}

/**
 * The serving graph of a Llama model. Activations are [T, hidden], one sequence.
 *
 * Inputs: `x` [T, hidden] token embeddings; `last` int32 [1], index of the last token, cache included; `total` int32
 * scalar, tokens with the cache; with branched attention also `long` int32 scalar (1 for runs of several tokens), `start`
 * and `end` int32 [1] (first new position, and the one after the last) and `mask` [T, end], 0 or -inf; `past.<i>.key|value` [1, kvHeads, capacity, headSize]; the low-rank matrices of every
 * linear group. Outputs: `logits` [1, vocabulary] of the last token; `present.<i>.key|value`. When past and present are
 * one buffer, the attention kernel writes new keys and values in place.
 *
 * With tree attention there are instead of `last` and `total`: `positions` int32 [1, T], `start`, `end` and `mask` as
 * above, and `rows` int32 [L], the tokens whose `logits` [L, vocabulary] are wanted.
 *
 * @param positions length of the rotary tables: the longest sequence that can be served
 */
export function buildLlamaGraph(
  config: LlamaConfig,
  weights: LlamaWeights,
  layout: WeightLayout,
  positions: number,
  kernels: AttentionKernels = 'fused',
): LlamaGraph {
  const graph = new Graph('llama');
  const readers: WeightReaders = new Map();
  const { hidden, headSize, heads, keyValueHeads, rmsEpsilon } = config;
  const vector = (name: string, stored: StoredMatrix) =>
    graph.weight(name, 'float32', [stored.columns], stored.toFloat32());

  const x = graph.input('x', 'float32', ['T', hidden]);
  const isTree = kernels === 'tree';
  const tables = ropeTables(config, positions);
  const cosCache = graph.weight('rope.cos', 'float32', [positions, headSize / 2], tables.cos);
  const sinCache = graph.weight('rope.sin', 'float32', [positions, headSize / 2], tables.sin);

  const cacheShape = [1, keyValueHeads, 'capacity', headSize];
  const context: AttentionContext = {
    config,
    ...(!isTree && { last: graph.input('last', 'int32', [1]), total: graph.input('total', 'int32', []) }),
    cosCache,
    sinCache,
    branch: kernels === 'branched' ? branchInputs(graph) : undefined,
    tree: isTree ? treeInputs(graph) : undefined,
  };

  const norm = ({ sum, change }: Residual, name: string, weight: StoredMatrix) =>
    change
      ? skipRmsNorm(change, sum, vector(name, weight), rmsEpsilon)
      : { normal: rmsNorm(sum, vector(name, weight), rmsEpsilon), sum };

  const normedHeads = (joined: Value, layer: LlamaLayerWeights, i: number): Value => {
    const sizes = [heads * headSize, keyValueHeads * headSize, keyValueHeads * headSize];
    const parts = graph.emitMany(
      'Split',
      [joined, graph.ints(sizes)],
      sizes.map((size) => ({ dataType: 'float32' as const, shape: ['T', size] })),
      { attributes: { axis: 1 } },
    );
    const normed = (part: Value, norm: StoredMatrix, name: string, count: number) => {
      const perHead = reshape(part, ['T', count, headSize]);
      return reshape(rmsNorm(perHead, vector(`layers.${i}.${name}`, norm), rmsEpsilon), [1, 'T', count * headSize]);
    };
    const query = normed(parts[0]!, layer.queryNorm!, 'q_norm', heads);
    const key = normed(parts[1]!, layer.keyNorm!, 'k_norm', keyValueHeads);
    return concat([query, key, batched(parts[2]!)], 2);
  };

  const operators = (layer: LlamaLayerWeights, i: number): BlockOperators<Value> => {
    const matrices: Record<LlamaGroup, Omit<LinearGroup, 'name'>> = {
      qkv: {
        matrices: [layer.query, layer.key, layer.value],
        biases: [layer.queryBias, layer.keyBias, layer.valueBias],
      },
      o: { matrices: [layer.attentionOutput] },
      gate_up: { matrices: [layer.gate, layer.up] },
      down: { matrices: [layer.down] },
    };
    const norms = { attention_norm: layer.attentionNorm, feed_forward_norm: layer.feedForwardNorm };
    const linear = (x: Value, group: LlamaGroup) =>
      linearGroup(graph, readers, layout, x, { name: `layers.${i}.${group}`, ...matrices[group] });
    return {
      norm: (x, name) => norm(x, `layers.${i}.${name}`, norms[name]),
      joined: linear,
      linear,
      attention(projections) {
        const joined = layer.queryNorm && layer.keyNorm ? normedHeads(projections, layer, i) : batched(projections);
        const past = {
          key: graph.input(`past.${i}.key`, 'float32', cacheShape),
          value: graph.input(`past.${i}.value`, 'float32', cacheShape),
        };
        const { output, presentKey, presentValue } = cachedAttention(context, joined, past);
        graph.output(presentKey, `present.${i}.key`);
        graph.output(presentValue, `present.${i}.value`);
        return reshape(output, ['T', heads * headSize]);
      },
      gated(projections) {
        const half = { dataType: 'float32' as const, shape: ['T', config.feedForward] };
        const [gate, up] = graph.emitMany('Split', [projections], [half, half], {
          attributes: { axis: 1, num_outputs: 2 },
        });
        return gated(gate!, up!);
      },
    };
  };

  const last = weights.layers.reduce<Residual>((x, layer, i) => llamaBlock(operators(layer, i), x), { sum: x });
  const { normal } = norm(last, 'final_norm', weights.finalNorm);
  const wanted = isTree
    ? gather(normal, graph.input('rows', 'int32', ['L']))
    : graph.emit('Slice', [normal, graph.ints([-1]), graph.ints([2 ** 31 - 1]), graph.ints([0])], 'float32', [
        1,
        hidden,
      ]);
  const head = { name: 'lm_head', matrices: [weights.head ?? weights.embedding] };
  graph.output(linearGroup(graph, readers, layout, wanted, head, false), 'logits');
  return { model: graph.build(), readers };
}

/** [T, n] -> [1, T, n]. */
function batched(x: Value): Value {
  return reshape(x, [1, ...x.shape]);
}

/** silu(gate)·up, with onnxruntime's x·σ(αx) kernel at α = 1. */
function gated(gate: Value, up: Value): Value {
  const activated = gate.graph.emit('QuickGelu', [gate], 'float32', gate.shape, {
    domain: 'com.microsoft',
    attributes: { alpha: float(1) },
  });
  return mul(activated, up);
}
