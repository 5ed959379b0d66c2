import type { SafetensorsFile } from '../../formats/safetensors.ts';
import type { BertConfig } from './config.ts';

/** Frozen weights, little-endian and row-major: linears [out, in], tables [rows, hidden]. */
export interface BertWeights {
  /** The word table stays in half precision where the file has it so: it is only looked up, and half the size. */
  words: { data: Float32Array | Uint16Array; dataType: 'float32' | 'float16' };
  /** Position table with the embedding of token type 0 added: every text is of type 0. */
  positions: Float32Array;
  /** Table of token types; those of type 1 need row 1 less row 0 added. */
  types: Float32Array;
  embeddingNorm: NormWeights;
  layers: LayerWeights[];
}

export interface NormWeights {
  weight: Float32Array;
  bias: Float32Array;
}

/** Linear layers by their module path within a layer, which is also the adapter's (PEFT) name for them. */
export const LINEARS = [
  'attention.self.query',
  'attention.self.key',
  'attention.self.value',
  'attention.output.dense',
  'intermediate.dense',
  'output.dense',
] as const;

export type LinearName = (typeof LINEARS)[number];

export interface LayerWeights {
  linears: Record<LinearName, NormWeights>;
  attentionNorm: NormWeights;
  outputNorm: NormWeights;
}

/** [in, out] of a linear layer. */
export function linearShape(name: LinearName, { hiddenSize, feedForwardSize }: BertConfig): [number, number] {
  if (name === 'intermediate.dense') return [hiddenSize, feedForwardSize];
  if (name === 'output.dense') return [feedForwardSize, hiddenSize];
  return [hiddenSize, hiddenSize];
}

/**
 * @param halfWords keeps a half-precision word table as it is: right wherever the device reads halves
 * @throws AttuneError `models/missing-tensor` when the file is no encoder of this shape
 */
export async function readBertWeights(
  file: SafetensorsFile,
  config: BertConfig,
  halfWords = true,
): Promise<BertWeights> {
  const prefix = findPrefix(file);
  const read = (name: string) => file.float32(prefix + name);
  const pair = async (name: string): Promise<NormWeights> => {
    const [weight, bias] = await Promise.all([read(`${name}.weight`), read(`${name}.bias`)]);
    return { weight, bias };
  };
  const layer = async (index: number): Promise<LayerWeights> => {
    const path = `encoder.layer.${index}`;
    const linears = await Promise.all(LINEARS.map(async (name) => [name, await pair(`${path}.${name}`)] as const));
    return {
      linears: Object.fromEntries(linears) as LayerWeights['linears'],
      attentionNorm: await pair(`${path}.attention.output.LayerNorm`),
      outputNorm: await pair(`${path}.output.LayerNorm`),
    };
  };
  const positions = await read('embeddings.position_embeddings.weight');
  const types = await read('embeddings.token_type_embeddings.weight');
  for (let i = 0; i < positions.length; i++) positions[i]! += types[i % config.hiddenSize]!;
  return {
    words: await readWords(file, `${prefix}embeddings.word_embeddings.weight`, halfWords),
    positions,
    types,
    embeddingNorm: await pair('embeddings.LayerNorm'),
    layers: await Promise.all(Array.from({ length: config.layers }, (_, index) => layer(index))),
  };
}

async function readWords(file: SafetensorsFile, name: string, half: boolean): Promise<BertWeights['words']> {
  if (!half || file.entry(name).dtype !== 'F16') return { data: await file.float32(name), dataType: 'float32' };
  return { data: new Uint16Array((await file.bytes(name)).buffer), dataType: 'float16' };
}

/** The encoder may lie at the top or under its family's name ("bert.", "roberta."). */
function findPrefix(file: SafetensorsFile): string {
  const anchor = 'embeddings.word_embeddings.weight';
  for (const name of file.tensors.keys()) {
    if (name.endsWith(anchor)) return name.slice(0, -anchor.length);
  }
  file.entry(anchor);
  return '';
}
