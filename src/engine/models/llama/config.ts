import { AttuneError } from '../../../errors/attune-error.ts';

/** Architectures that are one and the same graph up to switches. SmolLM and SmolLM2 call themselves `llama`. */
export const LLAMA_ARCHITECTURES = ['llama', 'mistral', 'qwen2', 'qwen3'] as const;
export type LlamaArchitecture = (typeof LLAMA_ARCHITECTURES)[number];

export type RopeScaling =
  | { type: 'none' }
  | { type: 'linear'; factor: number }
  | { type: 'llama3'; factor: number; lowFrequencyFactor: number; highFrequencyFactor: number; originalContext: number }
  /** Frequency divisors [headSize/2] as llama.cpp stores llama3 scaling (`rope_freqs.weight`). */
  | { type: 'divisors'; divisors: Float32Array };

/** Shape of a decoder of the Llama family (Touvron et al. 2023). */
export interface LlamaConfig {
  architecture: LlamaArchitecture;
  layers: number;
  hidden: number;
  feedForward: number;
  heads: number;
  keyValueHeads: number;
  headSize: number;
  vocabulary: number;
  contextTokens: number;
  rmsEpsilon: number;
  ropeBase: number;
  rope: RopeScaling;
  /** Attention looks back this many tokens, the token itself included; absent: all of them. */
  slidingWindow?: number;
  /** The output matrix is the embedding table. */
  tied: boolean;
}

/**
 * From the key-value pairs of a GGUF file.
 *
 * @param names names of the file's tensors: they tell tied heads and stored frequency divisors
 * @throws AttuneError `model/architecture` for other families, by name; `model/incomplete` for a missing key
 */
export function configFromGguf(metadata: Record<string, unknown>, names: ReadonlySet<string>): LlamaConfig {
  const architecture = checkArchitecture(String(metadata['general.architecture'] ?? 'unknown'));
  const get = (key: string): number | undefined => metadata[`${architecture}.${key}`] as number | undefined;
  const need = (key: string): number => get(key) ?? missing(`${architecture}.${key}`);
  if ((get('expert_count') ?? 0) > 0) refuse(`${architecture} with experts (mixture of experts)`);
  const heads = need('attention.head_count');
  const hidden = need('embedding_length');
  const headSize = checkHeadSize(get('attention.key_length') ?? hidden / heads);
  const scaling = metadata[`${architecture}.rope.scaling.type`];
  const vocabulary = get('vocab_size') ?? (metadata['tokenizer.ggml.tokens'] as unknown[] | undefined)?.length;
  return {
    architecture,
    layers: need('block_count'),
    hidden,
    feedForward: need('feed_forward_length'),
    heads,
    keyValueHeads: get('attention.head_count_kv') ?? heads,
    headSize,
    vocabulary: vocabulary ?? missing(`${architecture}.vocab_size`),
    contextTokens: need('context_length'),
    rmsEpsilon: need('attention.layer_norm_rms_epsilon'),
    ropeBase: get('rope.freq_base') ?? 10000,
    rope: ropeFromGguf(scaling, get('rope.scaling.factor')),
    slidingWindow: get('attention.sliding_window') || undefined,
    tied: !names.has('output.weight'),
  };
}

function ropeFromGguf(type: unknown, factor = 1): RopeScaling {
  if (type === undefined || type === 'none') return { type: 'none' };
  if (type === 'linear') return { type: 'linear', factor };
  return refuse(`RoPE scaling ${String(type)}`);
}

/** The part of a Hugging Face `config.json` that is read. */
export interface HuggingFaceConfig {
  model_type?: string;
  num_hidden_layers?: number;
  hidden_size?: number;
  intermediate_size?: number;
  num_attention_heads?: number;
  num_key_value_heads?: number;
  head_dim?: number | null;
  vocab_size?: number;
  max_position_embeddings?: number;
  rms_norm_eps?: number;
  rope_theta?: number;
  /** Transformers 4 and 5 name the same thing differently. */
  rope_scaling?: HuggingFaceRope | null;
  rope_parameters?: HuggingFaceRope | null;
  sliding_window?: number | null;
  use_sliding_window?: boolean;
  tie_word_embeddings?: boolean;
  hidden_act?: string;
}

interface HuggingFaceRope {
  rope_type?: string;
  type?: string;
  rope_theta?: number;
  factor?: number;
  low_freq_factor?: number;
  high_freq_factor?: number;
  original_max_position_embeddings?: number;
}

/**
 * From a Hugging Face `config.json`.
 *
 * @throws AttuneError `model/architecture`, `model/incomplete`
 */
export function configFromHuggingFace(json: HuggingFaceConfig, names: ReadonlySet<string>): LlamaConfig {
  const architecture = checkArchitecture(json.model_type ?? 'unknown');
  const need = (
    key: 'num_hidden_layers' | 'hidden_size' | 'intermediate_size' | 'num_attention_heads' | 'vocab_size',
  ) => json[key] ?? missing(key);
  if (json.hidden_act && json.hidden_act !== 'silu') refuse(`${architecture} with ${json.hidden_act} activation`);
  const rope = json.rope_parameters ?? json.rope_scaling;
  const heads = need('num_attention_heads');
  const hidden = need('hidden_size');
  // Qwen names a window in its files and switches it off.
  const window = json.use_sliding_window === false ? undefined : (json.sliding_window ?? undefined);
  return {
    architecture,
    layers: need('num_hidden_layers'),
    hidden,
    feedForward: need('intermediate_size'),
    heads,
    keyValueHeads: json.num_key_value_heads ?? heads,
    headSize: checkHeadSize(json.head_dim ?? hidden / heads),
    vocabulary: need('vocab_size'),
    contextTokens: json.max_position_embeddings ?? 2048,
    rmsEpsilon: json.rms_norm_eps ?? 1e-6,
    ropeBase: rope?.rope_theta ?? json.rope_theta ?? 10000,
    rope: ropeFromHuggingFace(rope),
    slidingWindow: architecture === 'llama' ? undefined : window,
    tied: json.tie_word_embeddings ?? !names.has('lm_head.weight'),
  };
}

function ropeFromHuggingFace(rope: HuggingFaceRope | null | undefined): RopeScaling {
  const type = rope?.rope_type ?? rope?.type ?? 'default';
  if (!rope || type === 'default') return { type: 'none' };
  if (type === 'linear') return { type: 'linear', factor: rope.factor ?? missing('rope factor') };
  if (type !== 'llama3') return refuse(`RoPE scaling ${type}`);
  return {
    type: 'llama3',
    factor: rope.factor ?? missing('rope factor'),
    lowFrequencyFactor: rope.low_freq_factor ?? missing('low_freq_factor'),
    highFrequencyFactor: rope.high_freq_factor ?? missing('high_freq_factor'),
    originalContext: rope.original_max_position_embeddings ?? missing('original_max_position_embeddings'),
  };
}

function checkArchitecture(name: string): LlamaArchitecture {
  return (LLAMA_ARCHITECTURES as readonly string[]).includes(name) ? (name as LlamaArchitecture) : refuse(name);
}

// The attention kernel takes no others; every published model of these families has 64, 80, 96 or 128.
function checkHeadSize(size: number): number {
  return size % 16 === 0 ? size : refuse(`attention heads of ${size} numbers`);
}

function refuse(what: string): never {
  throw new AttuneError(
    'model/architecture',
    `Models of the kind “${what}” cannot be run here.`,
    'Choose a model of the Llama family: Llama, SmolLM, Mistral, Qwen 2 or Qwen 3.',
  );
}

function missing(key: string): never {
  throw new AttuneError(
    'model/incomplete',
    `The model's configuration lacks ${key}.`,
    'Download the model again, with all its files.',
  );
}
