import type { Graph, Value } from '../../graph/graph.ts';
import { add, scale } from '../../graph/ops/arithmetic.ts';
import { softmax } from '../../graph/ops/activations.ts';
import { groupQueryAttention, rotaryEmbedding } from '../../graph/ops/attention.ts';
import { cast, concat, reshape, transpose } from '../../graph/ops/layout.ts';
import { matmul } from '../../graph/ops/linear.ts';
import type { LlamaConfig } from './config.ts';

/**
 * `fused`: onnxruntime's GroupQueryAttention for prompts and single tokens alike. `branched`: that kernel for single
 * tokens, plain products for longer runs: on wasm the kernel is ten times slower there (ADR 22). `tree`: plain products
 * with places and mask from outside, for many continuations of one text at once (ADR 120).
 */
export type AttentionKernels = 'fused' | 'branched' | 'tree';

/** Values that all blocks share. */
export interface AttentionContext {
  config: LlamaConfig;
  /** int32 [1] and scalar: index of the last token; tokens with the cache. */
  last?: Value;
  total?: Value;
  /** Rotary tables [positions, headSize/2]. */
  cosCache: Value;
  sinCache: Value;
  /** Only of the branched kind. */
  branch?: PlainInputs & { long: Value };
  /** Only of the tree kind. */
  tree?: PlainInputs;
}

interface PlainInputs {
  start: Value;
  end: Value;
  /** int64 [1], the first position, or [1, T], that of every token. */
  position: Value;
  mask: Value;
}

/** Adds the inputs that attention needs beside the activations: see {@link buildLlamaGraph}. */
export function branchInputs(graph: Graph): NonNullable<AttentionContext['branch']> {
  const start = graph.input('start', 'int32', [1]);
  return {
    long: cast(graph.input('long', 'int32', []), 'bool'),
    start,
    end: graph.input('end', 'int32', [1]),
    position: cast(start, 'int64'),
    mask: graph.input('mask', 'float32', ['M', 'S']),
  };
}

/** As {@link branchInputs}, with a position for every token. */
export function treeInputs(graph: Graph): NonNullable<AttentionContext['tree']> {
  return {
    start: graph.input('start', 'int32', [1]),
    end: graph.input('end', 'int32', [1]),
    position: cast(graph.input('positions', 'int32', [1, 'T']), 'int64'),
    mask: graph.input('mask', 'float32', ['T', 'S']),
  };
}

/**
 * Causal attention over the cache.
 *
 * @param joined [1, T, (heads + 2·kvHeads)·headSize]: query, key, value side by side
 * @param past [1, kvHeads, capacity, headSize], keys and values
 * @returns output [1, T, heads·headSize] and the caches with the new tokens in place
 */
export function cachedAttention(context: AttentionContext, joined: Value, past: { key: Value; value: Value }) {
  const { config, branch, tree, last, total, cosCache, sinCache } = context;
  const { heads, keyValueHeads, headSize, slidingWindow } = config;
  const fused = () => {
    const { output, presentKey, presentValue } = groupQueryAttention(
      joined,
      undefined,
      undefined,
      past.key,
      past.value,
      last!,
      total!,
      { heads, keyValueHeads, headSize, cosCache, sinCache, localWindow: slidingWindow },
    );
    return [output, presentKey, presentValue];
  };
  if (tree) {
    const [output, presentKey, presentValue] = plain(context, tree, joined, past);
    return { output: output!, presentKey: presentKey!, presentValue: presentValue! };
  }
  const parts = branch ? joined.graph.branch(branch.long, () => plain(context, branch, joined, past), fused) : fused();
  return { output: parts[0]!, presentKey: parts[1]!, presentValue: parts[2]! };
}

// The same in plain operators. Slices copy, so the caches may be written over the very memory that they were read from.
function plain(
  { config, cosCache, sinCache }: AttentionContext,
  { start, end, position, mask }: PlainInputs,
  joined: Value,
  past: { key: Value; value: Value },
): Value[] {
  const { graph } = joined;
  const { heads, keyValueHeads, headSize } = config;
  const group = heads / keyValueHeads;
  const sizes = [heads * headSize, keyValueHeads * headSize, keyValueHeads * headSize];
  const [query, key, value] = graph.emitMany(
    'Split',
    [joined, graph.ints(sizes)],
    sizes.map((size) => ({ dataType: 'float32' as const, shape: [1, 'T', size] })),
    { attributes: { axis: 2 } },
  );
  const rotated = (x: Value) => rotaryEmbedding(x, position, cosCache, sinCache);
  /** [1, T, n·headSize] -> [1, n, T, headSize] */
  const byHead = (x: Value, n: number) => transpose(reshape(x, [1, 'T', n, headSize]), [0, 2, 1, 3]);
  const axis = graph.constant([2], [1], 'int32');
  const zero = graph.constant([0], [1], 'int32');
  const beyond = graph.constant([2 ** 31 - 1], [1], 'int32');
  const slice = (x: Value, from: Value, to: Value, length: string) =>
    graph.emit('Slice', [x, from, to, axis], 'float32', [1, keyValueHeads, length, headSize]);
  const named = (x: Value, length: string): Value => ({ ...x, shape: [1, keyValueHeads, length, headSize] });
  const grown = (cache: Value, added: Value) => named(concat([slice(cache, zero, start, 'P'), added], 2), 'S');
  const refilled = (cache: Value, used: Value) => named(concat([used, slice(cache, end, beyond, 'R')], 2), 'capacity');

  const keys = grown(past.key, byHead(rotated(key!), keyValueHeads));
  const values = grown(past.value, byHead(value!, keyValueHeads));
  const rows = ['T', group].join('*');
  const queries = reshape(byHead(scale(rotated(query!), 1 / Math.sqrt(headSize)), heads), [
    keyValueHeads,
    rows,
    headSize,
  ]);
  const flat = (x: Value) => reshape(x, [keyValueHeads, 'S', headSize]);
  const scores = matmul(queries, transpose(flat(keys), [0, 2, 1]));
  // [kvHeads, group·T, S] seen as [heads, T, S], where the mask [T, S] fits.
  const masked = add(reshape(scores, [heads, 'T', 'S']), { ...mask, shape: ['T', 'S'] });
  const weights = reshape(softmax(masked), [keyValueHeads, rows, 'S']);
  const perHead = reshape(matmul(weights, flat(values)), [heads, 'T', headSize]);
  const output = reshape(transpose(perHead, [1, 0, 2]), [1, 'T', heads * headSize]);
  return [output, refilled(past.key, keys), refilled(past.value, values)];
}
