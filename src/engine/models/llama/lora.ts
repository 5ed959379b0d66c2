import { loraScale, type LoraAdapter } from '../../adapters/lora-adapter.ts';
import type { LinearModule } from '../../training/lora-parameters.ts';
import type { LlamaAdapter } from './adapter.ts';
import type { LlamaConfig } from './config.ts';
import { linearShape, LLAMA_LINEARS, type LlamaLinear } from './linears.ts';

/** Path of a linear layer in the Hugging Face model, as PEFT's files have it. */
export function llamaModulePath(layer: number, linear: LlamaLinear): string {
  return `model.layers.${layer}.${llamaTarget(linear)}`;
}

/** Name of a linear layer within its block, as the settings of an adapter have it: `self_attn.q_proj`. */
export function llamaTarget(linear: LlamaLinear): string {
  return `${/^[qkvo]_/.test(linear) ? 'self_attn' : 'mlp'}.${linear}`;
}

/** All linear layers of the blocks, in order. */
export function llamaModules(config: LlamaConfig): LinearModule[] {
  return Array.from({ length: config.layers }, (_, layer) =>
    LLAMA_LINEARS.map((linear) => {
      const [outFeatures, inFeatures] = linearShape(config, linear);
      return { path: llamaModulePath(layer, linear), inFeatures, outFeatures };
    }),
  ).flat();
}

/** An adapter in the form that the decoder takes; the matrices are shared, not copied. */
export function toLlamaAdapter(adapter: LoraAdapter, config: LlamaConfig, name: string): LlamaAdapter {
  const layers = Array.from({ length: config.layers }, (_, layer) => {
    const pairs: LlamaAdapter['layers'][number] = {};
    for (const linear of LLAMA_LINEARS) {
      const pair = adapter.pairs.get(llamaModulePath(layer, linear));
      if (pair) pairs[linear] = pair;
    }
    return pairs;
  });
  return { name, scale: loraScale(adapter.settings), layers };
}
