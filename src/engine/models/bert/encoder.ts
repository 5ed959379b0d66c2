import { Graph, type GraphModel, type Value } from '../../graph/graph.ts';
import { biasGelu } from '../../graph/ops/activations.ts';
import { add } from '../../graph/ops/arithmetic.ts';
import { multiHeadAttention } from '../../graph/ops/attention.ts';
import { cast, gather, reshape } from '../../graph/ops/layout.ts';
import { linear, loraInputs } from '../../graph/ops/linear.ts';
import { layerNorm, skipLayerNorm } from '../../graph/ops/normalisation.ts';
import type { BertConfig } from './config.ts';
import { pool, type Pooling } from './pooling.ts';
import { linearShape, type BertWeights, type LayerWeights, type LinearName, type NormWeights } from './weights.ts';

/**
 * The serving graph of an encoder.
 *
 * Inputs: `ids` int64 [B, T], `lengths` int32 [B] (tokens of each right-padded row), and for every linear layer
 * `encoder.layer.<n>.<module>.lora_A` [r, in] and `.lora_B` [out, r]. Output: `embedding` float32 [B, hidden], rows of
 * length 1.
 */
export function bertEncoderGraph(config: BertConfig, weights: BertWeights, pooling: Pooling): GraphModel {
  const graph = new Graph('bert-encoder');
  const ids = graph.input('ids', 'int64', ['B', 'T']);
  const mask = graph.input('mask', 'int32', ['B', 'T']);
  let x = embed(ids, config, weights);
  weights.layers.forEach((layer, index) => {
    x = encoderLayer(x, mask, config, layer, `encoder.layer.${index}`);
  });
  graph.output(pool(x, mask, pooling), 'embedding');
  return graph.build();
}

// ids [B,T] -> x [B,T,D]
function embed(ids: Value, config: BertConfig, weights: BertWeights): Value {
  const { graph } = ids;
  const { hiddenSize, firstPosition, layerNormEpsilon } = config;
  const { words, positions, embeddingNorm } = weights;
  const table = graph.weight('words', words.dataType, [config.vocabularySize, hiddenSize], words.data);
  const usable = positions.subarray(firstPosition * hiddenSize);
  const positionTable = graph.weight('positions', 'float32', [config.positions - firstPosition, hiddenSize], usable);
  // The first T rows: Slice takes its end from the input's own shape.
  const rows = graph.emit('Slice', [positionTable, graph.ints([0]), graph.dimension('T'), graph.ints([0])], 'float32', [
    'T',
    hiddenSize,
  ]);
  const sum = add(cast(gather(table, ids), 'float32'), rows);
  return layerNorm(sum, ...norm(graph, 'embeddings.LayerNorm', embeddingNorm), layerNormEpsilon);
}

// x [B,T,D] -> x [B,T,D]; linears run on [B*T, in]
function encoderLayer(x: Value, mask: Value, config: BertConfig, weights: LayerWeights, path: string): Value {
  const { graph } = x;
  const { heads, hiddenSize, layerNormEpsilon } = config;
  const apply = (name: LinearName, input: Value, bias = true) => {
    const [inSize, outSize] = linearShape(name, config);
    const module = `${path}.${name}`;
    const pair = weights.linears[name];
    const weight = graph.weight(`${module}.weight`, 'float32', [outSize, inSize], pair.weight);
    const biasValue = graph.weight(`${module}.bias`, 'float32', [outSize], pair.bias);
    const y = linear(input, weight, bias ? biasValue : undefined, loraInputs(graph, module, inSize, outSize));
    return { y, bias: biasValue };
  };
  const rows = (value: Value) => reshape(value, ['B*T', hiddenSize]);
  const sequence = (value: Value) => reshape(value, ['B', 'T', hiddenSize]);

  const flat = rows(x);
  const [query, key, value] = (['query', 'key', 'value'] as const).map((name) =>
    sequence(apply(`attention.self.${name}`, flat).y),
  );
  const context = multiHeadAttention(query!, key!, value!, heads, mask);
  const attended = apply('attention.output.dense', rows(context)).y;
  const attentionNorm = norm(graph, `${path}.attention.output.LayerNorm`, weights.attentionNorm);
  const hidden = skipLayerNorm(attended, flat, ...attentionNorm, layerNormEpsilon);
  // The bias goes into the activation's kernel: one pass less over the widest tensor.
  const wide = apply('intermediate.dense', hidden, false);
  const narrow = apply('output.dense', biasGelu(wide.y, wide.bias)).y;
  const outputNorm = norm(graph, `${path}.output.LayerNorm`, weights.outputNorm);
  return sequence(skipLayerNorm(narrow, hidden, ...outputNorm, layerNormEpsilon));
}

function norm(graph: Graph, name: string, { weight, bias }: NormWeights): [Value, Value] {
  return [
    graph.weight(`${name}.weight`, 'float32', [weight.length], weight),
    graph.weight(`${name}.bias`, 'float32', [bias.length], bias),
  ];
}
