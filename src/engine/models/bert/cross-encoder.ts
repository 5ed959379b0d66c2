import { AttuneError } from '../../../errors/attune-error.ts';
import { loraFeeds, type LoraFeeds } from '../lora.ts';
import type { LoraAdapter } from '../../adapters/lora-adapter.ts';
import { Graph, type GraphModel } from '../../graph/graph.ts';
import { tanh } from '../../graph/ops/arithmetic.ts';
import { reshape, slice } from '../../graph/ops/layout.ts';
import { gemm } from '../../graph/ops/linear.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { BertConfig } from './config.ts';
import { tokenVectors } from './encoder.ts';
import type { Precision } from './linear.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX } from './scoring-head.ts';
import type { BertWeights, NormWeights } from './weights.ts';

/**
 * The serving graph of a cross-encoder, `BertForSequenceClassification` with one label.
 *
 * Inputs: `ids` int64 [B, T], `mask` int32 [B, T], `types` float32 [B, T] (0 up to the first separator, 1 after), the
 * low-rank matrices by module (`bert.encoder.layer.0.…lora_A`), `classifier.weight` [1, hidden], `classifier.bias` [1].
 * Output: `score` float32 [B], of which more is better; its sigmoid is a probability where it was trained as one.
 *
 * @param pooler of the base model's file, `readPooler`
 */
export function crossEncoderGraph(
  config: BertConfig,
  weights: BertWeights,
  pooler: NormWeights,
  precision: Precision,
): GraphModel {
  const { hiddenSize } = config;
  const graph = new Graph('bert-cross-encoder');
  const ids = graph.input('ids', 'int64', ['B', 'T']);
  const mask = graph.input('mask', 'int32', ['B', 'T']);
  const types = graph.input('types', 'float32', ['B', 'T']);
  const x = tokenVectors({ ids, mask, types }, config, weights, precision, CLASSIFIER_PREFIX);
  const first = reshape(slice(x, 1, 0, 1), ['B', hiddenSize]);
  const weight = graph.weight('pooler.weight', 'float32', [hiddenSize, hiddenSize], pooler.weight);
  const bias = graph.weight('pooler.bias', 'float32', [hiddenSize], pooler.bias);
  const pooled = tanh(gemm(first, weight, bias, { transposeB: true }));
  const classifier = graph.input(`${CLASSIFIER}.weight`, 'float32', [1, hiddenSize]);
  const score = gemm(pooled, classifier, graph.input(`${CLASSIFIER}.bias`, 'float32', [1]), { transposeB: true });
  graph.output(reshape(score, ['B']), 'score');
  return graph.build();
}

/**
 * What the graph is fed for a reranker's adapter, beside the texts.
 *
 * @param name of the adapter, for messages
 * @throws AttuneError `adapters/unknown-module`, `adapters/wrong-shape` when it is of another model, or no reranker
 */
export function crossEncoderFeeds(
  runtime: Runtime,
  model: Pick<GraphModel, 'inputs'>,
  name: string,
  adapter: LoraAdapter,
): LoraFeeds {
  const head = adapter.full.get(CLASSIFIER);
  const inputs = model.inputs.find((input) => input.name === `${CLASSIFIER}.weight`)!;
  if (head?.inFeatures !== inputs.shape[1] || head?.outFeatures !== 1) throw noReranker(name);
  return {
    ...loraFeeds(runtime, model, name, adapter),
    [`${CLASSIFIER}.weight`]: runtime.tensor('float32', head.weight, [1, head.inFeatures]),
    [`${CLASSIFIER}.bias`]: runtime.tensor('float32', head.bias, [1]),
  };
}

function noReranker(name: string): AttuneError {
  return new AttuneError(
    'adapters/unknown-module',
    `The adapter ${name} has no scoring head for this model, so it cannot rank passages.`,
    'Choose an adapter that was trained as a reranker of this model.',
  );
}
