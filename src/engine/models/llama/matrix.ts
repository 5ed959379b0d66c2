import { decodeGgml, rowBytes, type GgmlType } from '../../formats/ggml-blocks.ts';

/** A weight as it is stored: rows of `columns` elements in a GGML or plain float type. A vector is one row. */
export class StoredMatrix {
  readonly type: GgmlType;
  readonly rows: number;
  readonly columns: number;
  readonly bytes: Uint8Array;

  constructor(type: GgmlType, rows: number, columns: number, bytes: Uint8Array) {
    if (bytes.length !== rows * rowBytes(type, columns)) {
      throw new RangeError(`A ${rows} × ${columns} matrix of ${type} does not take ${bytes.length} bytes.`);
    }
    this.type = type;
    this.rows = rows;
    this.columns = columns;
    this.bytes = bytes;
  }

  /** Decodes the rows `from` to `to` (exclusive), row-major. */
  toFloat32(from = 0, to = this.rows, out?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    const stride = rowBytes(this.type, this.columns);
    return decodeGgml(this.type, this.bytes.subarray(from * stride, to * stride), out) as Float32Array<ArrayBuffer>;
  }

  /** The same matrix with row `order[i]` at place i. */
  permuteRows(order: ArrayLike<number>): StoredMatrix {
    const stride = rowBytes(this.type, this.columns);
    const bytes = new Uint8Array(this.bytes.length);
    for (let i = 0; i < this.rows; i++) {
      bytes.set(this.bytes.subarray(order[i]! * stride, (order[i]! + 1) * stride), i * stride);
    }
    return new StoredMatrix(this.type, this.rows, this.columns, bytes);
  }
}

/**
 * Row order that turns llama.cpp's query and key matrices (rotary pairs side by side) back into Hugging Face's, where
 * the pairs are the two halves of a head.
 */
export function halfRotationOrder(rows: number, headSize: number): Uint32Array {
  const half = headSize / 2;
  return Uint32Array.from({ length: rows }, (_, row) => {
    const within = row % headSize;
    return row - within + 2 * (within % half) + Math.floor(within / half);
  });
}
