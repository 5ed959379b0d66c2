import { Graph, type GraphModel, type Value } from '../../graph/graph.ts';
import { biasGelu } from '../../graph/ops/activations.ts';
import { add, mul, scale, shift } from '../../graph/ops/arithmetic.ts';
import { multiHeadAttention } from '../../graph/ops/attention.ts';
import { quantiseRows } from '../../graph/ops/int8.ts';
import { cast, expand, gather, reshape } from '../../graph/ops/layout.ts';
import { layerNorm, skipLayerNorm } from '../../graph/ops/normalisation.ts';
import { bertBlock, GROUPS, type BlockOperators } from './block.ts';
import type { BertConfig } from './config.ts';
import { frozenLinear, type LinearInput, type Precision } from './linear.ts';
import { blockPath } from './modules.ts';
import { pool, type Pooling } from './pooling.ts';
import { linearShape, type BertWeights, type LayerWeights, type LinearName, type NormWeights } from './weights.ts';

export interface EncoderOptions {
  pooling: Pooling;
  /** `int8`: twice as fast on wasm, see docs/adr/0012; `float32`: everywhere else, and the reference. */
  precision: Precision;
}

/**
 * The serving graph of an encoder.
 *
 * Inputs: `ids` int64 [B, T], `mask` int32 [B, T] (1 for tokens, 0 for padding on the right), and for every linear
 * layer `encoder.layer.<n>.<module>.lora_A` [r, in] and `.lora_B` [out, r]. Output: `embedding` float32 [B, hidden],
 * rows of length 1. Biases are applied by the kernels that follow: one pass less over each activation.
 */
export function bertEncoderGraph(config: BertConfig, weights: BertWeights, options: EncoderOptions): GraphModel {
  const graph = new Graph('bert-encoder');
  const ids = graph.input('ids', 'int64', ['B', 'T']);
  const mask = graph.input('mask', 'int32', ['B', 'T']);
  const x = tokenVectors({ ids, mask }, config, weights, options.precision);
  graph.output(pool(x, mask, options.pooling), 'embedding');
  return graph.build();
}

export interface EncoderInputs {
  /** int64 [B, T] */
  ids: Value;
  /** int32 [B, T] */
  mask: Value;
  /** float32 [B, T]: 1 for tokens of type 1; absent: all are of type 0. */
  types?: Value;
}

/**
 * All blocks of an encoder -> [B, T, hidden].
 *
 * @param prefix of the modules in the names of low-rank inputs: `bert.` in a sequence classifier
 */
export function tokenVectors(
  inputs: EncoderInputs,
  config: BertConfig,
  weights: BertWeights,
  precision: Precision,
  prefix = '',
): Value {
  const scoreBias = maskScores(inputs.mask);
  const x = reshape(embed(inputs, config, weights), ['B*T', config.hiddenSize]);
  const last = weights.layers.reduce((x, layer, index) => {
    const path = blockPath(index, prefix);
    return bertBlock(servingOperators(x.graph, scoreBias, config, layer, path, precision), x);
  }, x);
  return reshape(last, ['B', 'T', config.hiddenSize]);
}

// ids [B,T] -> x [B,T,D]
function embed({ ids, types }: EncoderInputs, config: BertConfig, weights: BertWeights): Value {
  const { graph } = ids;
  const { hiddenSize, firstPosition, layerNormEpsilon } = config;
  const { words, positions, embeddingNorm } = weights;
  const table = graph.weight('words', words.dataType, [config.vocabularySize, hiddenSize], words.data);
  const usable = positions.subarray(firstPosition * hiddenSize);
  const positionTable = graph.weight('positions', 'float32', [config.positions - firstPosition, hiddenSize], usable);
  // The first T rows: Slice takes its end from the input's own shape.
  const bounds = [graph.ints([0]), graph.dimension('T'), graph.ints([0])];
  const rows = graph.emit('Slice', [positionTable, ...bounds], 'float32', ['T', hiddenSize]);
  let sum = add(cast(gather(table, ids), 'float32'), rows);
  if (types) {
    // The position table has type 0 added already.
    const difference = weights.types.slice(0, hiddenSize).map((zero, i) => weights.types[hiddenSize + i]! - zero);
    const row = graph.weight('typeDifference', 'float32', [hiddenSize], difference);
    sum = add(sum, mul(reshape(types, ['B', 'T', 1]), row));
  }
  return layerNorm(sum, ...norm(graph, 'embeddings.LayerNorm', embeddingNorm), layerNormEpsilon);
}

// mask [B,T] -> [B,1,T,T], once for all layers. The kernel's own mask input would do on wasm, but WebGPU has none.
function maskScores(mask: Value): Value {
  const keys = cast(reshape(mask, ['B', 1, 1, 'T']), 'float32');
  return expand(scale(shift(keys, -1), 1e9), ['B', 1, 'T', 'T']);
}

/** Fused kernels over the stored weights; biases are added by the kernels that follow a product. */
function servingOperators(
  graph: Graph,
  scoreBias: Value,
  config: BertConfig,
  weights: LayerWeights,
  path: string,
  precision: Precision,
): BlockOperators<Value[]> {
  const { heads, hiddenSize, layerNormEpsilon } = config;
  const prepare = (value: Value): LinearInput => ({
    value,
    quantised: precision === 'int8' ? quantiseRows(value) : undefined,
  });
  const apply = (name: LinearName, input: LinearInput) =>
    frozenLinear(input, `${path}.${name}`, weights.linears[name].weight, linearShape(name, config));
  const bias = (name: LinearName) => {
    const { bias } = weights.linears[name];
    return graph.weight(`${path}.${name}.bias`, 'float32', [bias.length], bias);
  };
  const norms = {
    attentionNorm: { module: 'attention.output', bias: 'attention.output.dense' },
    outputNorm: { module: 'output', bias: 'output.dense' },
  } as const;

  return {
    projections(x) {
      const input = prepare(x);
      return GROUPS.projections.map((name) => reshape(apply(name, input), ['B', 'T', hiddenSize]));
    },
    attention([query, key, value]) {
      const biases = Float32Array.from(GROUPS.projections.flatMap((name) => [...weights.linears[name].bias]));
      const bias = graph.weight(`${path}.attention.self.bias`, 'float32', [3 * hiddenSize], biases);
      return reshape(multiHeadAttention(query!, key!, value!, { heads, bias, scoreBias }), ['B*T', hiddenSize]);
    },
    linear: (x, group) => apply(GROUPS[group][0], prepare(x)),
    gelu: (x) => biasGelu(x, bias('intermediate.dense')),
    norm(change, x, name) {
      const { module, bias: added } = norms[name];
      const parts = norm(graph, `${path}.${module}.LayerNorm`, weights[name]);
      return skipLayerNorm(change, x, ...parts, layerNormEpsilon, bias(added));
    },
  };
}

function norm(graph: Graph, name: string, { weight, bias }: NormWeights): [Value, Value] {
  return [
    graph.weight(`${name}.weight`, 'float32', [weight.length], weight),
    graph.weight(`${name}.bias`, 'float32', [bias.length], bias),
  ];
}
