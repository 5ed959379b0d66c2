import { gradients } from '../../../graph/autodiff.ts';
import { Graph, type GraphModel, type Value } from '../../../graph/graph.ts';
import { keepNothing, keptInputs, keptOutputs, type Keep } from '../../../graph/kept.ts';
import { swiglu } from '../../../graph/ops/activations.ts';
import { add, mul, scale } from '../../../graph/ops/arithmetic.ts';
import { rotate } from '../../../graph/ops/attention.ts';
import { concat, gather, reshape, transpose } from '../../../graph/ops/layout.ts';
import { gemm } from '../../../graph/ops/linear.ts';
import { rmsNorm } from '../../../graph/ops/normalisation.ts';
import { elementCount, type Shape } from '../../../graph/shape.ts';
import { llamaBlock, type BlockOperators } from '../block.ts';
import { LLAMA_GROUPS, linearShape, type LlamaLinear } from '../linears.ts';
import { groupedAttention } from './attention.ts';
import { maskInput, maskShapes } from './attention-mask.ts';
import { loraMatrices, type BlockKind } from './block-kind.ts';
import { MASK_ROWS } from '../../../training/dropout.ts';
import { masksInput, rowsInput } from './dropout.ts';
import { frozenMatrix } from './frozen-matrix.ts';

/** Intermediates that a block keeps for its backward run. The scores of attention grow with the square of the length. */
export type KeptValues = 'everything' | 'all but scores' | 'nothing';

const TOKENS = 'B*T';

/**
 * The block in differentiable operators: x [N, hidden] -> y [N, hidden] for N = B·T tokens.
 *
 * Inputs: masks with 0 where a token may look and a very negative number elsewhere (`maskShapes`); `cos`, `sin`
 * [N, headSize/2]; the frozen weights; `<linear>.lora_A` [r, in] and `<linear>.lora_B` [out, r], the scale in B; with
 * dropout `<linear>.mask rows` int32 [N] and `masks <in>`.
 */
function block(graph: Graph, kind: BlockKind, x: Value, keep: Keep): { y: Value; pairs: Record<string, Value> } {
  const { config } = kind;
  const { heads, keyValueHeads, headSize, rmsEpsilon } = config;
  const masks = maskShapes(kind.parts).map((shape, part) => graph.input(maskInput(part), 'float32', shape));
  const cos = graph.input('cos', 'float32', [TOKENS, headSize / 2]);
  const sin = graph.input('sin', 'float32', [TOKENS, headSize / 2]);
  const pairs: Record<string, Value> = {};
  const dropoutMasks: Record<number, Value> = {};

  const layer = (input: Value, name: LlamaLinear): Value => {
    const [rows, columns] = linearShape(config, name);
    const weight = frozenMatrix(graph, `${name}.weight`, kind.formats[name], rows, columns);
    const biased = kind.biases && /^[qkv]_/.test(name);
    const bias = biased ? graph.input(`${name}.bias`, 'float32', [rows]) : undefined;
    const y = gemm(input, weight, bias, { transposeB: true });
    if (!kind.targets.includes(name)) return y;
    const a = (pairs[`${name}.lora_A`] = graph.input(`${name}.lora_A`, 'float32', [kind.rank, columns]));
    const b = (pairs[`${name}.lora_B`] = graph.input(`${name}.lora_B`, 'float32', [rows, kind.rank]));
    const low = keep(gemm(dropped(input, name, columns), a, undefined, { transposeB: true }), `${name}.low`);
    // Not as the summand of the product: onnxruntime copies that first, in one thread.
    return add(y, gemm(low, b, undefined, { transposeB: true }));
  };
  const dropped = (input: Value, name: LlamaLinear, width: number): Value => {
    if (!kind.dropout) return input;
    const masks = (dropoutMasks[width] ??= graph.input(masksInput(width), 'float32', [MASK_ROWS, width]));
    return mul(input, gather(masks, graph.input(rowsInput(name), 'int32', [TOKENS])));
  };
  const norm = (input: Value, name: string) =>
    rmsNorm(input, graph.input(name, 'float32', [input.shape.at(-1)!]), rmsEpsilon);
  /** [N, n·headSize] -> [B, n, T, headSize] */
  const byHead = (value: Value, n: number) => transpose(reshape(value, ['B', 'T', n, headSize]), [0, 2, 1, 3]);
  const rotated = (value: Value, n: number, name: string, factor: number): Value => {
    const size = n * headSize;
    const normed = kind.headNorms ? reshape(norm(reshape(value, [TOKENS, n, headSize]), name), [TOKENS, size]) : value;
    const turned = rotate(reshape(normed, [1, TOKENS, size]), scale(cos, factor), scale(sin, factor));
    return byHead(reshape(turned, [TOKENS, size]), n);
  };

  const operators: BlockOperators<Value[]> = {
    norm({ sum, change }, name) {
      const total = change ? keep(add(sum, change), 'middle') : sum;
      return { normal: norm(total, name), sum: total };
    },
    joined: (input, group) => LLAMA_GROUPS[group].map((name) => layer(input, name)),
    linear: (input, group) => layer(input, LLAMA_GROUPS[group][0]),
    attention([q, k, v]) {
      const query = keep(rotated(q!, heads, 'q_norm', 1 / Math.sqrt(headSize)), 'query');
      const key = keep(rotated(k!, keyValueHeads, 'k_norm', 1), 'key');
      const value = keep(byHead(v!, keyValueHeads), 'value');
      return reshape(groupedAttention(query, key, value, masks, keep), [TOKENS, heads * headSize]);
    },
    gated: ([gate, up]) => swiglu(keep(gate!, 'gate'), keep(up!, 'up')),
  };
  const { sum, change } = llamaBlock(operators, { sum: x });
  return { y: add(sum, change!), pairs };
}

export function isKept(kept: KeptValues): (name: string) => boolean {
  return (name) => kept === 'everything' || (kept === 'all but scores' && !name.startsWith('weights'));
}

/** A forward run's outputs beside `y`: what it keeps, with shapes in B and T. */
export interface ForwardGraph {
  model: GraphModel;
  kept: { name: string; shape: Shape }[];
}

export function forwardGraph(kind: BlockKind, kept: KeptValues): ForwardGraph {
  const graph = new Graph('llama block, forward');
  const names: ForwardGraph['kept'] = [];
  const outputs = keptOutputs(graph, isKept(kept));
  const keep: Keep = (value, name) => {
    if (isKept(kept)(name)) names.push({ name, shape: value.shape });
    return outputs(value, name);
  };
  const x = graph.input('x', 'float32', [TOKENS, kind.config.hidden]);
  graph.output(block(graph, kind, x, keep).y, 'y');
  return { model: graph.build(), kept: names };
}

/**
 * The backward run: takes the forward run's inputs, what was kept, and `dy`; gives the `gradients` of all low-rank
 * matrices in one vector, for one copy off the device, and `dx` unless no lower block is tuned.
 */
export function backwardGraph(kind: BlockKind, kept: KeptValues, wantsInput: boolean): GraphModel {
  const graph = new Graph('llama block, backward');
  const x = graph.input('x', 'float32', [TOKENS, kind.config.hidden]);
  const dy = graph.input('dy', 'float32', [TOKENS, kind.config.hidden]);
  const keep = kept === 'nothing' ? keepNothing : keptInputs(graph, isKept(kept));
  const { y, pairs } = block(graph, kind, x, keep);
  const matrices = loraMatrices(kind).map(({ name }) => pairs[name]!);
  const results = gradients([{ value: y, upstream: dy }], wantsInput ? [...matrices, x] : matrices);
  const flat = matrices.map((matrix, i) => reshape(results[i]!, [elementCount(matrix.shape)]));
  graph.output(concat(flat, 0), 'gradients');
  if (wantsInput) graph.output(results.at(-1)!, 'dx');
  return graph.build({ prune: true });
}
