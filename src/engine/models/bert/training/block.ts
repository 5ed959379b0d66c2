import type { Graph, Value } from '../../../graph/graph.ts';
import type { Keep } from '../../../graph/kept.ts';
import { gelu } from '../../../graph/ops/activations.ts';
import { add, mul } from '../../../graph/ops/arithmetic.ts';
import { concat, gather, slice } from '../../../graph/ops/layout.ts';
import { gemm, mergedLinear } from '../../../graph/ops/linear.ts';
import { MASK_ROWS } from '../../../training/dropout.ts';
import { bertBlock, GROUPS, type GroupName } from '../block.ts';
import type { BertConfig } from '../config.ts';
import { linearShape, type LinearName } from '../weights.ts';
import { selfAttention } from './attention.ts';
import { frozenWeight, type FrozenFormat } from './frozen-weight.ts';
import { layerNormKept } from './normalise.ts';

/** What all blocks of one kind share; a kind has graphs of its own. */
export interface BlockKind {
  config: BertConfig;
  /** Linear layers with low-rank matrices; none: the block is frozen. */
  targets: readonly LinearName[];
  rank: number;
  frozen: FrozenFormat;
  /** The low-rank paths see masked inputs. */
  dropout: boolean;
}

/**
 * The adapted linears of a group, and its sizes [in, out] and total rank. Layers that read the same input are one product:
 * their weights and A matrices stand one below the other, their B matrices are the blocks of a diagonal. A pass over the
 * activations then serves all of them.
 */
export function groupShape(kind: BlockKind, group: GroupName) {
  const names: readonly LinearName[] = GROUPS[group];
  const [inFeatures] = linearShape(names[0]!, kind.config);
  const sizes = names.map((name) => linearShape(name, kind.config)[1]);
  const adapted = names.filter((name) => kind.targets.includes(name));
  return { names, adapted, inFeatures, outFeatures: sum(sizes), rank: adapted.length * kind.rank };
}

/**
 * The block in differentiable operators: x [N, hidden] -> y [N, hidden] for N = B·T tokens.
 *
 * Inputs: `keyBias` [B, 1, 1, T], 0 for tokens and very negative for padding; `<group>.weight` [out, in], `.bias`, `.a`
 * [rank, in], `.b` [out, rank], the scales alpha/rank and 1/√headSize lying in weights, biases and B already;
 * `<norm>.weight`, `<norm>.bias`; with dropout `<linear>.mask rows` int32 [N], the row of `masks <in>` that each token
 * draws.
 */
export function trainableBlock(graph: Graph, kind: BlockKind, x: Value, keep: Keep) {
  const { hiddenSize, heads, layerNormEpsilon } = kind.config;
  const keyBias = graph.input('keyBias', 'float32', ['B', 1, 1, 'T']);
  const maskSets: Record<number, Value> = {};
  const matrices: { name: string; value: Value }[] = [];
  const linear = (input: Value, group: GroupName): Value => {
    const { adapted, inFeatures, outFeatures, rank } = groupShape(kind, group);
    const weight = frozenWeight(graph, `${group}.weight`, kind.frozen, outFeatures, inFeatures);
    const bias = graph.input(`${group}.bias`, 'float32', [outFeatures]);
    if (rank === 0) return gemm(input, weight, bias, { transposeB: true });
    const a = graph.input(`${group}.a`, 'float32', [rank, inFeatures]);
    const b = graph.input(`${group}.b`, 'float32', [outFeatures, rank]);
    matrices.push({ name: `${group}.a`, value: a }, { name: `${group}.b`, value: b });
    if (!kind.dropout) return mergedLinear(input, weight, bias, a, b);
    const masks = (maskSets[inFeatures] ??= graph.input(masksInput(inFeatures), 'float32', [MASK_ROWS, inFeatures]));
    const low = adapted.map((name, i) => {
      const rows = graph.input(rowsInput(name), 'int32', ['B*T']);
      const own = slice(a, 0, i * kind.rank, (i + 1) * kind.rank);
      return gemm(mul(input, gather(masks, rows)), own, undefined, { transposeB: true });
    });
    const y = gemm(input, weight, bias, { transposeB: true });
    return gemm(keep(concat(low, 1), `${group}.low`), b, y, { transposeB: true });
  };
  const y = bertBlock(
    {
      projections: (input) => linear(input, 'projections'),
      attention: (projections) => selfAttention(projections, keyBias, heads, keep),
      linear,
      gelu: (input) => gelu(keep(input, 'wide'), keep),
      norm(change, input, name) {
        const [weight, bias] = ['weight', 'bias'].map((part) =>
          graph.input(`${name}.${part}`, 'float32', [hiddenSize]),
        );
        return layerNormKept(add(change, input), weight!, bias!, layerNormEpsilon, keep, name);
      },
    },
    x,
  );
  return { y, matrices };
}

/** Names of a linear layer's mask rows, and of the masks for its width, among the inputs of a block. */
export function rowsInput(name: LinearName): string {
  return `${name}.mask rows`;
}
export function masksInput(width: number): string {
  return `masks ${width}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
