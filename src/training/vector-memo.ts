import { fromBase64, toBase64 } from '../engine/formats/base64.ts';
import { VectorTable, type TextKind } from './tasks/vector-table.ts';

/** A table as JSON: single-precision numbers in base64, a quarter of their decimals. */
export interface PackedTable extends Record<TextKind, [text: string, vector: string][]> {
  dimensions: number;
}

export function packTable({ dimensions, vectors }: VectorTable): PackedTable {
  const pack = (kind: TextKind) =>
    [...vectors[kind]].map(([text, vector]): [string, string] => [
      text,
      toBase64(new Uint8Array(vector.slice().buffer)),
    ]);
  return { dimensions, query: pack('query'), passage: pack('passage') };
}

export function unpackTable({ dimensions, ...packed }: PackedTable): VectorTable {
  const table = new VectorTable(dimensions);
  for (const kind of ['query', 'passage'] as const) {
    for (const [text, vector] of packed[kind])
      table.vectors[kind].set(text, new Float32Array(fromBase64(vector).buffer));
  }
  return table;
}
