import { float } from '../../onnx/attributes.ts';
import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { neg } from './arithmetic.ts';

/** Fused attention kernels of onnxruntime, for serving graphs. Training graphs spell attention out in plain ops. */

export interface MultiHeadOptions {
  heads: number;
  /** Added to query, key and value first: [3·heads·headSize]. */
  bias?: Value;
  /** Added to the scores, [B or 1, heads or 1, T, T]: 0 where attention is allowed, very negative where not. */
  scoreBias?: Value;
}

/** Bidirectional attention: query, key, value [B, T, heads·headSize] -> the same shape, scaled by 1/√headSize. */
export function multiHeadAttention(query: Value, key: Value, value: Value, options: MultiHeadOptions): Value {
  const { heads, bias, scoreBias } = options;
  const inputs = [query, key, value, bias, undefined, scoreBias];
  while (inputs.at(-1) === undefined) inputs.pop();
  return query.graph.emit('MultiHeadAttention', inputs, query.dataType, query.shape, {
    domain: 'com.microsoft',
    attributes: { num_heads: heads },
  });
}

export interface GroupQueryOptions {
  heads: number;
  keyValueHeads: number;
  headSize: number;
  /** Rotary tables [positions, rotaryDim/2]; given, the kernel rotates queries and keys itself. */
  cosCache?: Value;
  sinCache?: Value;
  /** Pairs (2i, 2i+1) rotate together instead of (i, i + half). */
  interleaved?: boolean;
  /** Sliding window of a layer, in tokens. */
  localWindow?: number;
}

/**
 * Causal attention with a key/value cache and grouped queries (Ainslie et al. 2023), onnxruntime's GroupQueryAttention.
 *
 * @param query [B, T, heads·headSize]; key, value [B, T, keyValueHeads·headSize]. Without key and value, query holds all
 *   three side by side: [B, T, (heads + 2·keyValueHeads)·headSize]
 * @param pastKey, pastValue [B, keyValueHeads, past, headSize]
 * @param lastPositions int32 [B]: index of each row's last token, past included (total length - 1)
 * @param totalLength int32 scalar: past + T
 * @returns output [B, T, heads·headSize] and the grown caches [B, keyValueHeads, total, headSize]
 */
export function groupQueryAttention(
  query: Value,
  key: Value | undefined,
  value: Value | undefined,
  pastKey: Value,
  pastValue: Value,
  lastPositions: Value,
  totalLength: Value,
  options: GroupQueryOptions,
): { output: Value; presentKey: Value; presentValue: Value } {
  const { heads, keyValueHeads, headSize, cosCache, sinCache, interleaved = false, localWindow } = options;
  const present = { dataType: pastKey.dataType, shape: [pastKey.shape[0]!, keyValueHeads, 'total', headSize] };
  const [output, presentKey, presentValue] = query.graph.emitMany(
    'GroupQueryAttention',
    [query, key, value, pastKey, pastValue, lastPositions, totalLength, ...(cosCache ? [cosCache, sinCache] : [])],
    [{ dataType: query.dataType, shape: [...query.shape.slice(0, -1), heads * headSize] }, present, present],
    {
      domain: 'com.microsoft',
      attributes: {
        num_heads: heads,
        kv_num_heads: keyValueHeads,
        scale: float(1 / Math.sqrt(headSize)),
        do_rotary: Boolean(cosCache),
        rotary_interleaved: interleaved,
        local_window_size: localWindow,
      },
    },
  );
  return { output: output!, presentKey: presentKey!, presentValue: presentValue! };
}

/**
 * Rotary position embedding (Su et al. 2021), onnxruntime's kernel: x [B, heads, T, headSize] or [B, T, heads·headSize]
 * with positions int64 [B, T] or [1] (the first position) and tables [positions, rotaryDim/2].
 */
export function rotaryEmbedding(
  x: Value,
  positions: Value,
  cosCache: Value,
  sinCache: Value,
  options: { heads?: number; interleaved?: boolean } = {},
): Value {
  return x.graph.emit('RotaryEmbedding', [x, positions, cosCache, sinCache], x.dataType, x.shape, {
    domain: 'com.microsoft',
    attributes: { interleaved: options.interleaved ?? false, num_heads: options.heads },
  });
}

/**
 * Rotation by rotary tables [N, headSize/2], one row per token, that can be differentiated: x [1, N, heads·headSize] ->
 * the same shape. The tables may carry a factor. A rotation's transpose turns back: the gradient is the rotation by the
 * negative sine.
 */
export const rotate: (x: Value, cos: Value, sin: Value) => Value = defineOp({
  name: 'rotate',
  // The kernel adds the token's place in the sequence to a single position: rows of the tables are counted from 0.
  forward: (x: Value, cos: Value, sin: Value) => rotaryEmbedding(x, x.graph.ints([0]), cos, sin),
  vjp: (g, _, x, cos, sin) => [[x, () => rotate(g, cos, neg(sin))]],
});
