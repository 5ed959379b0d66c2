import type { Allocator } from '../../../resident/all-or-none.ts';
import type { ResidentTensor } from '../../../resident/resident.ts';
import { GROUPS, GROUP_NAMES, NORMS } from '../block.ts';
import type { BertConfig } from '../config.ts';
import { linearShape, type LayerWeights, type LinearName } from '../weights.ts';
import { frozenTensors, type FrozenFormat } from './frozen-weight.ts';

/** Queries are scaled by 1/√headSize: done once in their weight and bias, it costs nothing at every run. */
export function outputFactor(name: LinearName, { hiddenSize, heads }: BertConfig): number {
  return name === 'attention.self.query' ? 1 / Math.sqrt(hiddenSize / heads) : 1;
}

/** The frozen tensors of a block on the device, by the input names of its graphs. The caller disposes them. */
export function frozenBlock(
  allocator: Allocator,
  config: BertConfig,
  layer: LayerWeights,
  format: FrozenFormat,
): ReadonlyMap<string, ResidentTensor> {
  const tensors = new Map<string, ResidentTensor>();
  for (const group of GROUP_NAMES) {
    const names: readonly LinearName[] = GROUPS[group];
    const [inFeatures] = linearShape(names[0]!, config);
    const parts = names.map((name) => ({ ...layer.linears[name], factor: outputFactor(name, config) }));
    const bias = Float32Array.from(parts.flatMap(({ bias: numbers, factor }) => [...numbers].map((n) => n * factor)));
    tensors.set(`${group}.bias`, allocator.tensor('float32', [bias.length], bias));
    for (const [name, tensor] of frozenTensors(allocator, `${group}.weight`, format, parts, inFeatures)) {
      tensors.set(name, tensor);
    }
  }
  for (const norm of NORMS) {
    for (const part of ['weight', 'bias'] as const) {
      const numbers = Float32Array.from(layer[norm][part]);
      tensors.set(`${norm}.${part}`, allocator.tensor('float32', [config.hiddenSize], numbers));
    }
  }
  return tensors;
}
