import type { ResidentRuntime, ResidentTensor } from '../../../resident/resident.ts';
import type { BertConfig } from '../config.ts';
import { linearShape, type LayerWeights } from '../weights.ts';
import { GROUPS, GROUP_NAMES, NORMS } from './block.ts';

/** Queries are scaled by 1/√headSize: done once in their weight and bias, it costs nothing at every run. */
export function queryScale({ hiddenSize, heads }: BertConfig): number {
  return 1 / Math.sqrt(hiddenSize / heads);
}

/** The frozen tensors of a block on the device, by the input names of its graphs. The caller disposes them. */
export function frozenBlock(
  runtime: ResidentRuntime,
  config: BertConfig,
  layer: LayerWeights,
): ReadonlyMap<string, ResidentTensor> {
  const tensors = new Map<string, ResidentTensor>();
  for (const group of GROUP_NAMES) {
    const [inFeatures] = linearShape(GROUPS[group][0], config);
    const parts = GROUPS[group].map((name) => {
      const { weight, bias } = layer.linears[name];
      const factor = name === 'attention.self.query' ? queryScale(config) : 1;
      return factor === 1 ? { weight, bias } : { weight: times(weight, factor), bias: times(bias, factor) };
    });
    const weight = joined(parts.map((part) => part.weight));
    const bias = joined(parts.map((part) => part.bias));
    tensors.set(`${group}.weight`, runtime.tensor('float32', [bias.length, inFeatures], weight));
    tensors.set(`${group}.bias`, runtime.tensor('float32', [bias.length], bias));
  }
  for (const norm of NORMS) {
    for (const part of ['weight', 'bias'] as const) {
      tensors.set(`${norm}.${part}`, runtime.tensor('float32', [config.hiddenSize], joined([layer[norm][part]])));
    }
  }
  return tensors;
}

function times(numbers: Float32Array, factor: number): Float32Array {
  return numbers.map((number) => number * factor);
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
