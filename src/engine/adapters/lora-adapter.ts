/** Settings of a LoRA adapter (Hu et al. 2021), in PEFT's terms. */
export interface LoraSettings {
  rank: number;
  alpha: number;
  /** rsLoRA (Kalajdzievski 2023): the update is scaled by alpha/√rank instead of alpha/rank. */
  rankStabilised: boolean;
  /** Probability with which an input of the low-rank path is dropped while training. */
  dropout: number;
  /** Names of linear layers within a block: `attention.self.query`, `self_attn.q_proj`. */
  targets: readonly string[];
  /** Only the last blocks are adapted; absent: all. */
  topBlocks?: number;
}

/** A linear layer of a model, by its path in the Hugging Face model. */
export interface LinearModule {
  path: string;
  inFeatures: number;
  outFeatures: number;
}

/** One low-rank update ΔW = scale·B·A: a [rank, in], b [out, rank], row-major. */
export interface LowRankPair {
  rank: number;
  inFeatures: number;
  outFeatures: number;
  a: Float32Array<ArrayBuffer>;
  b: Float32Array<ArrayBuffer>;
}

/** A linear map trained in full beside the low-rank pairs: the scoring head of a reranker. */
export interface FullLinear {
  /** [out, in] */
  weight: Float32Array<ArrayBuffer>;
  /** [out] */
  bias: Float32Array<ArrayBuffer>;
  inFeatures: number;
  outFeatures: number;
}

/** An adapter in memory, the same for every kind of model; `read-peft.ts` and `write-peft.ts` are its files. */
export interface LoraAdapter {
  settings: LoraSettings;
  /** Module path in the Hugging Face model, `encoder.layer.0.attention.self.query` or `model.layers.0.self_attn.q_proj`. */
  pairs: ReadonlyMap<string, LowRankPair>;
  /** Modules trained in full, by path: `classifier` for a reranker (PEFT: `modules_to_save`). */
  full: ReadonlyMap<string, FullLinear>;
}

/** Factor of B·A. */
export function loraScale({ rank, alpha, rankStabilised }: LoraSettings): number {
  return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
}

/** `encoder.layer.3.output.dense` -> block 3, name `output.dense`; a module outside the blocks has its path as name. */
export function splitPath(path: string): { block: number | undefined; name: string } {
  const [, block, name] = /(?:^|\.)layers?\.(\d+)\.(.+)$/.exec(path) ?? [];
  return name === undefined ? { block: undefined, name: path } : { block: Number(block), name };
}
