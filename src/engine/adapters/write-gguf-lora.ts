import { GGMLQuantizationType, GGUFValueType, serializeGgufMetadata } from '@huggingface/gguf';
import { AttuneError } from '../../errors/attune-error.ts';
import { toFloat16 } from '../formats/float16.ts';
import { halfRotationOrder } from '../models/llama/matrix.ts';
import { loraScale, splitPath, type LoraAdapter } from './lora-adapter.ts';

/** Names of the linear layers in GGUF files. */
const GGUF_NAMES: Record<string, string> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  'attention.self.query': 'attn_q',
  'attention.self.key': 'attn_k',
  'attention.self.value': 'attn_v',
  'attention.output.dense': 'attn_output',
  'intermediate.dense': 'ffn_up',
  'output.dense': 'ffn_down',
};

export interface GgufLoraOptions {
  /** `general.architecture` of the base model's GGUF file; Mistral's is `llama`. */
  architecture: 'llama' | 'qwen2' | 'qwen3' | 'bert';
  name: string;
  /** Size of an attention head: rows of queries and keys are reordered within it. */
  headSize: number;
  dtype: 'F32' | 'F16';
}

interface Tensor {
  name: string;
  /** Fastest-running dimension first, as the format has it. */
  dimensions: [number, number];
  data: Float32Array<ArrayBuffer>;
}

/** Tensors begin at multiples of this. */
const ALIGNMENT = 32;

/**
 * An adapter as llama.cpp loads it with `--lora` (format: `gguf.md` and `llama-adapter.cpp` of llama.cpp): metadata, then
 * pairs `<tensor>.lora_a` [rank, in] and `.lora_b` [out, rank] under the names of the base file's tensors.
 *
 * llama.cpp scales by alpha divided by each pair's own rank, so alpha is written such that this comes to the adapter's
 * scale; pairs of another rank have the difference in B.
 *
 * @throws AttuneError `adapters/no-gguf` when it replaces whole modules or adapts a layer that GGUF has no name for
 */
export function writeGgufLora(adapter: LoraAdapter, options: GgufLoraOptions): Blob {
  const [head] = adapter.full.keys();
  if (head) throw noGguf(`it brings along the module ${head} whole`);
  const tensors = [...adapter.pairs].flatMap(([path, { rank, inFeatures, outFeatures, a, b }]): Tensor[] => {
    const { block, name } = splitPath(path);
    const stored = GGUF_NAMES[name];
    if (block === undefined || !stored) throw noGguf(`it adapts ${path}`);
    const tensor = `blk.${block}.${stored}.weight`;
    const rows = scaled(b, rank / adapter.settings.rank);
    const rotated = options.architecture === 'llama' && (stored === 'attn_q' || stored === 'attn_k');
    return [
      { name: `${tensor}.lora_a`, dimensions: [inFeatures, rank], data: a },
      {
        name: `${tensor}.lora_b`,
        dimensions: [rank, outFeatures],
        data: rotated ? toPairedRotation(rows, rank, options.headSize) : rows,
      },
    ];
  });
  return assemble(tensors, adapter, options);
}

function assemble(tensors: readonly Tensor[], { settings }: LoraAdapter, options: GgufLoraOptions): Blob {
  const text = (value: string) => ({ value, type: GGUFValueType.STRING as const });
  const metadata = serializeGgufMetadata(
    {
      version: { value: 3, type: GGUFValueType.UINT32 },
      tensor_count: { value: BigInt(tensors.length), type: GGUFValueType.UINT64 },
      kv_count: { value: 0n, type: GGUFValueType.UINT64 },
      'general.type': text('adapter'),
      'general.architecture': text(options.architecture),
      'general.name': text(options.name),
      'adapter.type': text('lora'),
      'adapter.lora.alpha': { value: loraScale(settings) * settings.rank, type: GGUFValueType.FLOAT32 },
    } as Parameters<typeof serializeGgufMetadata>[0],
    // The tensors' descriptions follow at once; what is aligned is their data.
    { alignment: 1 },
  ) as Uint8Array<ArrayBuffer>;
  const type = options.dtype === 'F16' ? GGMLQuantizationType.F16 : GGMLQuantizationType.F32;
  const parts = tensors.map(({ data }) => (options.dtype === 'F16' ? Uint16Array.from(data, toFloat16) : data));
  let offset = 0;
  const descriptions = tensors.map(({ name, dimensions }, i) => {
    const description = describe(name, dimensions, type, offset);
    offset += aligned(parts[i]!.byteLength);
    return description;
  });
  const headerBytes = [metadata, ...descriptions].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const padded = parts.flatMap((part) => [part, padding(part.byteLength)]);
  return new Blob([metadata, ...descriptions, padding(headerBytes), ...padded]);
}

/** Name, dimensions, type and place of a tensor, as the header lists them. */
function describe(name: string, dimensions: readonly number[], type: number, offset: number): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(8 + text.length + 4 + 8 * dimensions.length + 4 + 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let at = 8 + text.length;
  view.setUint32(at, dimensions.length, true);
  at += 4;
  for (const dimension of dimensions) {
    view.setBigUint64(at, BigInt(dimension), true);
    at += 8;
  }
  view.setUint32(at, type, true);
  view.setBigUint64(at + 4, BigInt(offset), true);
  return bytes;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function padding(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(aligned(bytes) - bytes);
}

function scaled(values: Float32Array<ArrayBuffer>, factor: number): Float32Array<ArrayBuffer> {
  return factor === 1 ? values : values.map((value) => value * factor);
}

/** Rows of B follow the rows of their matrix, which llama.cpp stores with rotary pairs side by side. */
function toPairedRotation(b: Float32Array<ArrayBuffer>, rank: number, headSize: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(b.length);
  halfRotationOrder(b.length / rank, headSize).forEach((to, row) =>
    out.set(b.subarray(row * rank, (row + 1) * rank), to * rank),
  );
  return out;
}

function noGguf(reason: string): AttuneError {
  return new AttuneError(
    'adapters/no-gguf',
    `The adapter cannot be written for llama.cpp: ${reason}.`,
    'Export it as PEFT, or merged into its base.',
  );
}
