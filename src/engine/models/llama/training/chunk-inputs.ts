import { LLAMA_LINEARS, type LlamaLinear } from '../linears.ts';
import type { LlamaConfig } from '../config.ts';
import { linearShape } from '../linears.ts';
import type { StoredMatrix } from '../matrix.ts';
import { ropeFrequencies } from '../rope.ts';
import { attentionMask, maskInput } from './attention-mask.ts';
import type { Tensors } from './blocks.ts';
import type { CausalChunk } from './causal-layout.ts';
import { dropoutMasks, dropoutRows, MASK_ROWS } from '../../../training/dropout.ts';
import { masksInput, rowsInput } from './dropout.ts';
import type { PoolScope } from './pool-scope.ts';

/** Embeddings of tokens, [tokens, hidden]; the table stays as it is stored. */
export function embeddings(table: StoredMatrix, ids: Int32Array): Float32Array<ArrayBuffer> {
  const { columns } = table;
  const out = new Float32Array(ids.length * columns);
  ids.forEach((id, i) => table.toFloat32(id, id + 1, out.subarray(i * columns, (i + 1) * columns)));
  return out;
}

/** What all blocks are fed: the masks of attention and the rotary tables, one row per token. */
export function sharedInputs(config: LlamaConfig, chunk: CausalChunk, parts: number, scope: PoolScope): Tensors {
  const { rows, length, positions } = chunk;
  const frequencies = ropeFrequencies(config);
  const half = frequencies.length;
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(cos.length);
  positions.forEach((position, token) =>
    frequencies.forEach((frequency, i) => {
      cos[token * half + i] = Math.cos(position * frequency);
      sin[token * half + i] = Math.sin(position * frequency);
    }),
  );
  const masks = Array.from({ length: parts }, (_, part) => {
    const queries = length / parts;
    const mask = attentionMask(chunk, [part, parts], config.slidingWindow);
    return [maskInput(part), scope.filled('float32', [rows, 1, queries, (part + 1) * queries], mask)] as const;
  });
  return new Map([
    ...masks,
    ['cos', scope.filled('float32', [positions.length, half], cos)],
    ['sin', scope.filled('float32', [positions.length, half], sin)],
  ]);
}

/** The masks of dropout, one set for each width that the adapted layers read. */
export function maskInputs(
  config: LlamaConfig,
  targets: readonly LlamaLinear[],
  { seed, probability }: { seed: number; probability: number },
  scope: PoolScope,
): Tensors {
  const widths = new Set(targets.map((linear) => linearShape(config, linear)[1]));
  return new Map(
    [...widths].map((width) => [
      masksInput(width),
      scope.filled('float32', [MASK_ROWS, width], dropoutMasks(seed, width, probability)),
    ]),
  );
}

/** Which mask every token of a block draws, for each adapted layer. */
export function maskRowInputs(
  targets: readonly LlamaLinear[],
  seed: number,
  layer: number,
  tokens: number,
  scope: PoolScope,
): Tensors {
  return new Map(
    targets.map((linear) => [
      rowsInput(linear),
      scope.filled('int32', [tokens], dropoutRows(seed, layer, LLAMA_LINEARS.indexOf(linear), tokens)),
    ]),
  );
}
