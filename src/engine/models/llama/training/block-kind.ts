import type { GgmlType } from '../../../formats/ggml-blocks.ts';
import { LLAMA_LINEARS, type LlamaLinear } from '../linears.ts';
import type { LlamaConfig } from '../config.ts';
import { linearShape } from '../linears.ts';
import type { LlamaLayerWeights } from '../weights.ts';
import type { FrozenFormat } from './frozen-matrix.ts';

/** What a block's graphs are made from. Blocks of the same kind share their sessions. */
export interface BlockKind {
  config: LlamaConfig;
  formats: Record<LlamaLinear, FrozenFormat>;
  /** Biases of q, k and v (Qwen 2); norms of each head (Qwen 3). */
  biases: boolean;
  headNorms: boolean;
  /** Linear layers with low-rank matrices; without any the block only runs forward. */
  targets: readonly LlamaLinear[];
  rank: number;
  /** Inputs of the low-rank path are dropped at random. */
  dropout: boolean;
  /** Parts of a row's queries that attention takes one by one. */
  parts: number;
}

/** The stored matrix of each linear layer. */
export const STORED_AS = {
  q_proj: 'query',
  k_proj: 'key',
  v_proj: 'value',
  o_proj: 'attentionOutput',
  gate_proj: 'gate',
  up_proj: 'up',
  down_proj: 'down',
} as const satisfies Record<LlamaLinear, keyof LlamaLayerWeights>;

export function blockKind(
  config: LlamaConfig,
  layer: LlamaLayerWeights,
  formatOf: (type: GgmlType) => FrozenFormat,
  adapted: Pick<BlockKind, 'targets' | 'rank'>,
): BlockKind {
  const formats = Object.fromEntries(
    LLAMA_LINEARS.map((linear) => [linear, formatOf(layer[STORED_AS[linear]].type)]),
  ) as BlockKind['formats'];
  const [biases, headNorms] = [Boolean(layer.queryBias), Boolean(layer.queryNorm)];
  return { config, formats, biases, headNorms, dropout: false, parts: 1, ...adapted };
}

/** Equal for kinds that share sessions. */
export function kindKey({ formats, biases, headNorms, targets, rank, dropout, parts }: BlockKind): string {
  return JSON.stringify([Object.values(formats), biases, headNorms, targets, rank, dropout, parts]);
}

/** The low-rank matrices of a block as its graphs are fed them, in the order in which their gradients are handed out. */
export function loraMatrices({ config, targets, rank }: BlockKind) {
  return targets.flatMap((linear) => {
    const [outFeatures, inFeatures] = linearShape(config, linear);
    return [
      { name: `${linear}.lora_A`, linear, matrix: 'a' as const, shape: [rank, inFeatures] },
      { name: `${linear}.lora_B`, linear, matrix: 'b' as const, shape: [outFeatures, rank] },
    ];
  });
}
