import { fromFloat16 } from '../../../formats/float16.ts';
import type { Tokens } from '../../../training/batches.ts';
import type { BertConfig } from '../config.ts';
import type { BertWeights } from '../weights.ts';

/**
 * What the first block reads, a row of `hiddenSize` per token: word, position and type summed and normalised, in double.
 * On the CPU, for it is less than a hundredth of a step and spares every device the word table, MiniLM's largest weight.
 *
 * @param types token types, 0 or 1; absent: all 0
 * @param out rows from `at` on are overwritten
 */
export function embeddingRows(
  config: BertConfig,
  weights: BertWeights,
  tokens: Tokens,
  types: Tokens | undefined,
  out: Float32Array,
  at: number,
): void {
  const { hiddenSize, firstPosition, layerNormEpsilon } = config;
  const { words, positions, types: typeTable, embeddingNorm } = weights;
  const row = new Float64Array(hiddenSize);
  const word = new Float32Array(hiddenSize);
  tokens.forEach((token, index) => {
    const from = token * hiddenSize;
    const stored = words.data.subarray(from, from + hiddenSize);
    if (stored instanceof Float32Array) word.set(stored);
    else fromFloat16(stored, word);
    const position = (firstPosition + index) * hiddenSize;
    const type = (types?.[index] ?? 0) * hiddenSize;
    let mean = 0;
    for (let i = 0; i < hiddenSize; i++) {
      // The position table has type 0 added already.
      row[i] = word[i]! + positions[position + i]! + (type ? typeTable[type + i]! - typeTable[i]! : 0);
      mean += row[i]!;
    }
    mean /= hiddenSize;
    let variance = 0;
    for (const value of row) variance += (value - mean) ** 2;
    const inverse = 1 / Math.sqrt(variance / hiddenSize + layerNormEpsilon);
    const to = at + index * hiddenSize;
    for (let i = 0; i < hiddenSize; i++) {
      out[to + i] = (row[i]! - mean) * inverse * embeddingNorm.weight[i]! + embeddingNorm.bias[i]!;
    }
  });
}
