import { AttuneError } from '../../errors/attune-error.ts';
import type { LazySafetensorsTensor } from '../formats/safetensors-writer.ts';
import type { LlamaConfig } from '../models/llama/config.ts';
import type { StoredMatrix } from '../models/llama/matrix.ts';
import { LAYER_TENSORS, type LlamaLayerWeights, type LoadedLlama } from '../models/llama/weights.ts';
import type { LoraAdapter } from './lora-adapter.ts';
import { Merger, type MergedModel, type MergedType } from './merge.ts';

/** Transformers' classes by architecture. */
const CLASSES: Record<LlamaConfig['architecture'], string> = {
  llama: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

/**
 * A decoder with an adapter in its weights, decoded from whatever they were stored as.
 *
 * @param known fields of `config.json` that are known better than from the weights: the whole file of a Hugging Face
 *   folder, the special tokens of a GGUF file
 * @throws AttuneError `adapters/wrong-shape`, `adapters/unknown-module`; `adapters/no-merge` when the rotary frequencies of
 *   a GGUF file cannot be said in a `config.json`
 */
export function mergeLlama(
  { config, weights }: LoadedLlama,
  adapter: LoraAdapter,
  dtype: MergedType,
  known: Record<string, unknown> = {},
): MergedModel {
  const merger = new Merger(adapter, dtype);
  const tensor = (name: string, stored: StoredMatrix, vector: boolean): LazySafetensorsTensor => {
    const shape = vector ? [stored.rows * stored.columns] : [stored.rows, stored.columns];
    return merger.tensor(name, name, shape, () => Promise.resolve(stored.toFloat32()));
  };
  const tensors = [tensor('model.embed_tokens.weight', weights.embedding, false)];
  weights.layers.forEach((layer, i) => {
    for (const key of Object.keys(LAYER_TENSORS) as (keyof LlamaLayerWeights)[]) {
      const stored = layer[key];
      const name = `model.layers.${i}.${LAYER_TENSORS[key].huggingFace}`;
      if (stored) tensors.push(tensor(name, stored, /Norm$|Bias$/.test(key)));
    }
  });
  tensors.push(tensor('model.norm.weight', weights.finalNorm, true));
  if (weights.head) tensors.push(tensor('lm_head.weight', weights.head, false));
  merger.finish();
  const own = 'model_type' in known ? {} : huggingFaceConfig(config);
  const { torch_dtype: _, dtype: __, quantization_config: ___, ...rest } = known;
  return { config: { ...own, ...rest, torch_dtype: dtype === 'F16' ? 'float16' : 'float32' }, tensors };
}

function huggingFaceConfig(config: LlamaConfig): Record<string, unknown> {
  return {
    architectures: [CLASSES[config.architecture]],
    model_type: config.architecture,
    hidden_act: 'silu',
    hidden_size: config.hidden,
    intermediate_size: config.feedForward,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    vocab_size: config.vocabulary,
    max_position_embeddings: config.contextTokens,
    rms_norm_eps: config.rmsEpsilon,
    rope_theta: config.ropeBase,
    rope_scaling: ropeScaling(config.rope),
    ...(config.slidingWindow !== undefined && { sliding_window: config.slidingWindow }),
    tie_word_embeddings: config.tied,
  };
}

function ropeScaling(rope: LlamaConfig['rope']): Record<string, unknown> | null {
  switch (rope.type) {
    case 'none':
      return null;
    case 'linear':
      return { rope_type: 'linear', factor: rope.factor };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: rope.factor,
        low_freq_factor: rope.lowFrequencyFactor,
        high_freq_factor: rope.highFrequencyFactor,
        original_max_position_embeddings: rope.originalContext,
      };
    case 'divisors':
      throw new AttuneError(
        'adapters/no-merge',
        'The base stores its rotary frequencies one by one, which a Hugging Face config.json cannot say.',
        'Export the adapter as GGUF-LoRA for use with the same file, or as PEFT.',
      );
  }
}
