import type { LlamaConfig } from './config.ts';
import { linearShape, LLAMA_GROUPS, type LlamaLinear } from './linears.ts';

/** Low-rank update ΔW = scale·B·A of one layer: a [rank, in], b [out, rank], row-major. */
export interface LowRank {
  rank: number;
  a: Float32Array;
  b: Float32Array;
}

/** A LoRA adapter (Hu et al. 2021): at most one pair per block and linear layer. */
export interface LlamaAdapter {
  name: string;
  /** alpha/rank, or alpha/√rank for rank-stabilised LoRA. */
  scale: number;
  layers: Partial<Record<LlamaLinear, LowRank>>[];
}

/** A group of linear layers that the serving graph computes as one product, with the rows that each of them gives. */
export interface AdaptedGroup {
  name: string;
  inFeatures: number;
  parts: { linear: LlamaLinear; outFeatures: number }[];
}

/** The groups of one block in the serving graph, in its order. */
export function adaptedGroups(config: LlamaConfig, layer: number): AdaptedGroup[] {
  return Object.entries(LLAMA_GROUPS).map(([name, linears]) => ({
    name: `layers.${layer}.${name}`,
    inFeatures: linearShape(config, linears[0])[1],
    parts: linears.map((linear) => ({ linear, outFeatures: linearShape(config, linear)[0] })),
  }));
}

/** The pair of matrices of a whole group as the graph takes them: a [in, rank], b [rank, out]. */
export interface PackedLowRank {
  rank: number;
  a: Float32Array<ArrayBuffer>;
  b: Float32Array<ArrayBuffer>;
}

/**
 * Joins the pairs of a group into one: their A matrices side by side, their B matrices on the diagonal, the scale in B;
 * both transposed.
 * Without an adapter, zeros of rank 1: the base model.
 *
 * @throws RangeError when a matrix does not fit its layer
 */
export function packGroup(group: AdaptedGroup, adapter: LlamaAdapter | null, layer: number): PackedLowRank {
  const pairs = group.parts.map(({ linear }) => adapter?.layers[layer]?.[linear]);
  const rank = Math.max(
    1,
    pairs.reduce((sum, pair) => sum + (pair?.rank ?? 0), 0),
  );
  const outFeatures = group.parts.reduce((sum, part) => sum + part.outFeatures, 0);
  const a = new Float32Array(rank * group.inFeatures);
  const b = new Float32Array(outFeatures * rank);
  let column = 0;
  let row = 0;
  group.parts.forEach((part, p) => {
    const pair = pairs[p];
    if (pair) {
      if (pair.a.length !== pair.rank * group.inFeatures || pair.b.length !== part.outFeatures * pair.rank) {
        throw new RangeError(`The adapter's matrices for ${group.name} ${part.linear} do not fit the model.`);
      }
      for (let j = 0; j < pair.rank; j++) {
        for (let i = 0; i < group.inFeatures; i++) a[i * rank + column + j] = pair.a[j * group.inFeatures + i]!;
        for (let i = 0; i < part.outFeatures; i++) {
          b[(column + j) * outFeatures + row + i] = adapter!.scale * pair.b[i * pair.rank + j]!;
        }
      }
      column += pair.rank;
    }
    row += part.outFeatures;
  });
  return { rank, a, b };
}
