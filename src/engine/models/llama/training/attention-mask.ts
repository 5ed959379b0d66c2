import type { Dim } from '../../../graph/shape.ts';
import type { CausalChunk } from './causal-layout.ts';

/** Added to the scores of the future, of other examples and of other branches: their softmax is 0. */
const HIDDEN = -1e9;

/** Lengths of rows are multiples of 8, so each of these cuts them evenly. */
const PARTS = [8, 4, 2];

/** Into how many parts the queries of a row are cut, each of which looks at the keys before its end alone. */
export function queryParts(length: number, queriesAtOnce: number): number {
  return PARTS.find((parts) => length / parts >= queriesAtOnce) ?? 1;
}

/** Shapes [B, 1, part, end] of the masks of the parts. */
export function maskShapes(parts: number): Dim[][] {
  return Array.from({ length: parts }, (_, i) =>
    parts === 1 ? ['B', 1, 'T', 'T'] : ['B', 1, `T/${parts}`, i + 1 === parts ? 'T' : `${i + 1}*T/${parts}`],
  );
}

/** Name of a part's mask among the inputs of a block. */
export function maskInput(part: number): string {
  return `mask ${part}`;
}

/**
 * What each token may look at, [rows, 1, part, end] for the queries of a part: itself and what comes before it in its own
 * sequence, within the window. Padding at the end of a row need not be hidden: nobody before it can see it.
 */
export function attentionMask(
  chunk: CausalChunk,
  [part, parts]: readonly [number, number],
  window = Infinity,
): Float32Array<ArrayBuffer> {
  const { rows, length, examples, branches, positions } = chunk;
  const queries = length / parts;
  const end = (part + 1) * queries;
  const mask = new Float32Array(rows * queries * end).fill(HIDDEN);
  for (let row = 0; row < rows; row++) {
    const first = row * length;
    for (let query = 0; query < queries; query++) {
      const token = first + part * queries + query;
      const to = (row * queries + query) * end - first;
      for (let other = first; other <= token; other++) {
        const same =
          examples[other] === examples[token] && (branches[other] === -1 || branches[other] === branches[token]);
        if (same && positions[token]! - positions[other]! < window) mask[to + other] = 0;
      }
    }
  }
  return mask;
}
