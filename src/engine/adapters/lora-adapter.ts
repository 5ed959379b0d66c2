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

/** An adapter in memory, the same for every kind of model; `peft.ts` reads and writes it. */
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
