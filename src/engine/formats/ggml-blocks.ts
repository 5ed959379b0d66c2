import { fromFloat16 } from './float16.ts';

/** Element types of GGML that are understood. Quantised ones come in blocks of 32 along a row. */
export type GgmlType = 'F32' | 'F16' | 'BF16' | 'Q4_0' | 'Q4_1' | 'Q8_0';

/** Elements and bytes of one block. */
export const GGML_BLOCKS: Record<GgmlType, { elements: number; bytes: number }> = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q8_0: { elements: 32, bytes: 34 },
};

/** Elements per block of the quantised types. */
export const BLOCK = 32;

/** Bytes of a row of `columns` elements. */
export function rowBytes(type: GgmlType, columns: number): number {
  const { elements, bytes } = GGML_BLOCKS[type];
  return (columns / elements) * bytes;
}

/**
 * Decodes stored elements to float32; exact for all types.
 *
 * Q4_0: w = d·(q - 8); Q4_1: w = d·q + m; Q8_0: w = d·q, with half-precision d and m per block (ggml-quants.c). Nibbles:
 * the low ones are elements 0-15 of the block, the high ones 16-31.
 */
export function decodeGgml(
  type: GgmlType,
  bytes: Uint8Array,
  out = new Float32Array(elementsIn(type, bytes)),
): Float32Array {
  switch (type) {
    case 'F32':
      new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
      return out;
    case 'F16':
      return fromFloat16(new Uint16Array(aligned(bytes, 2), 0, out.length), out);
    case 'BF16': {
      const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
      for (let i = 0; i < bits.length; i++) bits[i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24);
      return out;
    }
    case 'Q8_0': {
      const [d] = halves(type, bytes, 1);
      const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let block = 0, at = 2, to = 0; block < d!.length; block++, at += 34) {
        const scale = d![block]!;
        for (let i = 0; i < BLOCK; i++) out[to++] = scale * codes[at + i]!;
      }
      return out;
    }
    case 'Q4_0':
    case 'Q4_1': {
      const [d, m] = halves(type, bytes, type === 'Q4_1' ? 2 : 1);
      const size = GGML_BLOCKS[type].bytes;
      for (let block = 0; block < d!.length; block++) {
        const scale = d![block]!;
        const shift = m ? m[block]! : -8 * scale;
        const at = block * size + size - 16;
        const to = block * BLOCK;
        for (let i = 0; i < 16; i++) {
          const byte = bytes[at + i]!;
          out[to + i] = scale * (byte & 15) + shift;
          out[to + i + 16] = scale * (byte >> 4) + shift;
        }
      }
      return out;
    }
  }
}

/** A quantised matrix in the layout of onnxruntime's MatMulNBits: `w = scale·(code - 2^(bits-1)) + shift`. */
export interface BlockCodes {
  bits: 4 | 8;
  /** [rows·columns·bits/8]; 4-bit codes two to a byte, the even element in the low nibble. */
  codes: Uint8Array;
  /** One per block. */
  scales: Float32Array;
  /** One per block; absent when all are 0. Only Q4_1 has it: m + 8·d. */
  shifts?: Float32Array;
}

/** Rearranges a quantised type for MatMulNBits, without changing a single weight. */
export function toBlockCodes(type: 'Q4_0' | 'Q4_1' | 'Q8_0', bytes: Uint8Array): BlockCodes {
  const [scales, minima] = halves(type, bytes, type === 'Q4_1' ? 2 : 1);
  const size = GGML_BLOCKS[type].bytes;
  if (type === 'Q8_0') {
    const codes = new Uint8Array(scales!.length * BLOCK);
    for (let block = 0; block < scales!.length; block++) {
      for (let i = 0; i < BLOCK; i++) codes[block * BLOCK + i] = bytes[block * size + 2 + i]! ^ 0x80;
    }
    return { bits: 8, codes, scales: scales! };
  }
  const codes = new Uint8Array(scales!.length * 16);
  for (let block = 0; block < scales!.length; block++) {
    const from = block * size + size - 16;
    for (let i = 0; i < 8; i++) {
      const even = bytes[from + 2 * i]!;
      const odd = bytes[from + 2 * i + 1]!;
      codes[block * 16 + i] = (even & 15) | ((odd & 15) << 4);
      codes[block * 16 + 8 + i] = (even >> 4) | (odd & 0xf0);
    }
  }
  return { bits: 4, codes, scales: scales!, shifts: minima?.map((m, block) => m + 8 * scales![block]!) };
}

/** The `count` half-precision numbers at the head of every block, one array each. */
function halves(type: GgmlType, bytes: Uint8Array, count: number): Float32Array[] {
  const size = GGML_BLOCKS[type].bytes;
  const blocks = bytes.length / size;
  return Array.from({ length: count }, (_, k) => {
    const bits = new Uint16Array(blocks);
    for (let block = 0; block < blocks; block++)
      bits[block] = bytes[block * size + 2 * k]! | (bytes[block * size + 2 * k + 1]! << 8);
    return fromFloat16(bits);
  });
}

function elementsIn(type: GgmlType, bytes: Uint8Array): number {
  const block = GGML_BLOCKS[type];
  return (bytes.length / block.bytes) * block.elements;
}

function aligned(bytes: Uint8Array, to: number): ArrayBuffer {
  return bytes.byteOffset % to === 0 && bytes.byteOffset === 0 ? (bytes.buffer as ArrayBuffer) : bytes.slice().buffer;
}
