import { AttuneError } from '../../../errors/attune-error.ts';
import { rowBytes, type GgmlType } from '../../formats/ggml-blocks.ts';
import { readGguf, type GgufFile } from '../../formats/gguf.ts';
import { SafetensorsFile } from '../../formats/safetensors.ts';
import { configFromGguf, configFromHuggingFace, type HuggingFaceConfig, type LlamaConfig } from './config.ts';
import { halfRotationOrder, StoredMatrix } from './matrix.ts';

export interface LlamaLayerWeights {
  attentionNorm: StoredMatrix;
  query: StoredMatrix;
  key: StoredMatrix;
  value: StoredMatrix;
  attentionOutput: StoredMatrix;
  feedForwardNorm: StoredMatrix;
  gate: StoredMatrix;
  up: StoredMatrix;
  down: StoredMatrix;
  /** Qwen 2. */
  queryBias?: StoredMatrix;
  keyBias?: StoredMatrix;
  valueBias?: StoredMatrix;
  /** Qwen 3: RMS norms over each head, before the rotation. */
  queryNorm?: StoredMatrix;
  keyNorm?: StoredMatrix;
}

/** All weights as they are stored, queries and keys in half-rotation order. */
export interface LlamaWeights {
  embedding: StoredMatrix;
  layers: LlamaLayerWeights[];
  finalNorm: StoredMatrix;
  /** Absent: the embedding table. */
  head?: StoredMatrix;
}

export interface LoadedLlama {
  config: LlamaConfig;
  weights: LlamaWeights;
}

/** Reads one tensor; undefined when there is none of that name. */
type Fetch = (name: string) => Promise<StoredMatrix | undefined>;

/** Names of the tensors of a block, in a GGUF file and in a Hugging Face folder. */
export const LAYER_TENSORS: Record<keyof LlamaLayerWeights, { gguf: string; huggingFace: string; optional?: true }> = {
  attentionNorm: { gguf: 'attn_norm.weight', huggingFace: 'input_layernorm.weight' },
  query: { gguf: 'attn_q.weight', huggingFace: 'self_attn.q_proj.weight' },
  key: { gguf: 'attn_k.weight', huggingFace: 'self_attn.k_proj.weight' },
  value: { gguf: 'attn_v.weight', huggingFace: 'self_attn.v_proj.weight' },
  attentionOutput: { gguf: 'attn_output.weight', huggingFace: 'self_attn.o_proj.weight' },
  feedForwardNorm: { gguf: 'ffn_norm.weight', huggingFace: 'post_attention_layernorm.weight' },
  gate: { gguf: 'ffn_gate.weight', huggingFace: 'mlp.gate_proj.weight' },
  up: { gguf: 'ffn_up.weight', huggingFace: 'mlp.up_proj.weight' },
  down: { gguf: 'ffn_down.weight', huggingFace: 'mlp.down_proj.weight' },
  queryBias: { gguf: 'attn_q.bias', huggingFace: 'self_attn.q_proj.bias', optional: true },
  keyBias: { gguf: 'attn_k.bias', huggingFace: 'self_attn.k_proj.bias', optional: true },
  valueBias: { gguf: 'attn_v.bias', huggingFace: 'self_attn.v_proj.bias', optional: true },
  queryNorm: { gguf: 'attn_q_norm.weight', huggingFace: 'self_attn.q_norm.weight', optional: true },
  keyNorm: { gguf: 'attn_k_norm.weight', huggingFace: 'self_attn.k_norm.weight', optional: true },
};

/**
 * Loads a GGUF file of the Llama family.
 *
 * @throws AttuneError from {@link readGguf} and {@link configFromGguf}; `model/incomplete` for a missing tensor
 */
export async function loadLlamaGguf(blob: Blob, name: string): Promise<LoadedLlama & { file: GgufFile }> {
  const file = await readGguf(blob, name);
  const config = configFromGguf(file.metadata, new Set(file.tensors.keys()));
  const fetch: Fetch = async (tensor) => {
    const entry = file.tensors.get(tensor);
    if (!entry) return undefined;
    const bytes = new Uint8Array(await blob.slice(entry.start, entry.end).arrayBuffer());
    return matrix(entry.type, entry.shape, bytes);
  };
  const weights = await collect(name, config, fetch, {
    embedding: 'token_embd.weight',
    finalNorm: 'output_norm.weight',
    head: 'output.weight',
    layer: (i, key) => `blk.${i}.${LAYER_TENSORS[key].gguf}`,
  });
  // Only the converter of the llama architecture stores queries and keys pairwise.
  if (config.architecture === 'llama' || config.architecture === 'mistral') {
    for (const layer of weights.layers) {
      for (const key of ['query', 'key', 'queryBias', 'keyBias'] as const) {
        const stored = layer[key];
        if (stored) layer[key] = toHalfRotation(stored, config.headSize);
      }
    }
  }
  const divisors = await fetch('rope_freqs.weight');
  if (divisors) config.rope = { type: 'divisors', divisors: divisors.toFloat32() };
  return { config, weights, file };
}

/**
 * Loads a Hugging Face folder: `config.json` and one or more `*.safetensors` files.
 *
 * @param shards the safetensors files by name
 * @throws AttuneError as {@link loadLlamaGguf}; `model/tensor-type` for other element types than F32, F16, BF16
 */
export async function loadLlamaFolder(config: HuggingFaceConfig, shards: Map<string, Blob>): Promise<LoadedLlama> {
  const files = await Promise.all([...shards].map(([name, blob]) => SafetensorsFile.open(blob, name)));
  const names = new Set(files.flatMap((file) => [...file.tensors.keys()]));
  const llama = configFromHuggingFace(config, names);
  const fetch: Fetch = async (tensor) => {
    const file = files.find((candidate) => candidate.tensors.has(tensor));
    if (!file) return undefined;
    const { dtype, shape } = file.entry(tensor);
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
      throw new AttuneError(
        'model/tensor-type',
        `${file.name} stores ${tensor} as ${dtype}, which cannot be run here.`,
        'Choose a copy of the model in F32, F16 or BF16.',
      );
    }
    return matrix(dtype, shape, await file.bytes(tensor));
  };
  const weights = await collect([...shards.keys()].join(', '), llama, fetch, {
    embedding: 'model.embed_tokens.weight',
    finalNorm: 'model.norm.weight',
    head: 'lm_head.weight',
    layer: (i, key) => `model.layers.${i}.${LAYER_TENSORS[key].huggingFace}`,
  });
  if (llama.tied) delete weights.head;
  return { config: llama, weights };
}

interface Names {
  embedding: string;
  finalNorm: string;
  head: string;
  layer: (i: number, key: keyof LlamaLayerWeights) => string;
}

async function collect(model: string, config: LlamaConfig, fetch: Fetch, names: Names): Promise<LlamaWeights> {
  const need = async (name: string): Promise<StoredMatrix> => {
    const found = await fetch(name);
    if (found) return found;
    throw new AttuneError(
      'model/incomplete',
      `${model} has no tensor ${name}.`,
      'Download the model again, with all its files.',
    );
  };
  const layers: LlamaLayerWeights[] = [];
  for (let i = 0; i < config.layers; i++) {
    const layer: Partial<LlamaLayerWeights> = {};
    for (const key of Object.keys(LAYER_TENSORS) as (keyof LlamaLayerWeights)[]) {
      layer[key] = LAYER_TENSORS[key].optional ? await fetch(names.layer(i, key)) : await need(names.layer(i, key));
    }
    layers.push(layer as LlamaLayerWeights);
  }
  return {
    embedding: await need(names.embedding),
    layers,
    finalNorm: await need(names.finalNorm),
    head: await fetch(names.head),
  };
}

function matrix(type: GgmlType, shape: readonly number[], bytes: Uint8Array): StoredMatrix {
  const columns = shape.at(-1)!;
  return new StoredMatrix(type, bytes.length / rowBytes(type, columns), columns, bytes);
}

// A bias is a single row of numbers that follow the rows of their matrix.
function toHalfRotation(stored: StoredMatrix, headSize: number): StoredMatrix {
  if (stored.rows > 1) return stored.permuteRows(halfRotationOrder(stored.rows, headSize));
  const column = new StoredMatrix(stored.type, stored.columns, 1, stored.bytes);
  const { bytes } = column.permuteRows(halfRotationOrder(stored.columns, headSize));
  return new StoredMatrix(stored.type, 1, stored.columns, bytes);
}
