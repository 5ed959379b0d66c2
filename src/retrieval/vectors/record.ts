/**
 * What is kept of a vector in memory: one byte per component, with what is needed to bound the error.
 *
 * Record, little-endian, `recordBytes(dimensions)` long:
 *
 *     0  hash   32 bytes  SHA-256 of the chunk; all zero: the slot is free
 *    32  scale  f32       component = code * scale
 *    36  error  f32       length of (vector - what the codes stand for), rounded up
 *    40  -      8 bytes   zero
 *    48  codes  int8      padded with zeros to a multiple of 16, so that the SIMD loop needs no tail
 */
export const HASH_BYTES = 32;
const SCALE_AT = 32;
const ERROR_AT = 36;
const CODES_AT = 48;

/** Covers the float32 rounding of the estimate (sums of at most a few thousand terms below 1) and of unit length. */
const ROUNDING = 1e-5;

/** Dimensions up to the next multiple of 16. */
export function paddedDimensions(dimensions: number): number {
  return Math.ceil(dimensions / 16) * 16;
}

export function recordBytes(dimensions: number): number {
  return CODES_AT + paddedDimensions(dimensions);
}

/**
 * Writes scale, error and codes of one vector; the hash stays as it is.
 *
 * @param vector [dimensions], of unit length.
 * @param record recordBytes(dimensions) bytes.
 */
export function quantise(vector: Float32Array, record: Uint8Array): void {
  let largest = 0;
  for (const component of vector) largest = Math.max(largest, Math.abs(component));
  const scale = Math.fround(largest / 127);
  const codes = new Int8Array(record.buffer, record.byteOffset + CODES_AT, vector.length);
  let squaredError = 0;
  for (let i = 0; i < vector.length; i++) {
    const code = scale > 0 ? Math.max(-127, Math.min(127, Math.round(vector[i]! / scale))) : 0;
    codes[i] = code;
    squaredError += (vector[i]! - code * scale) ** 2;
  }
  const header = new DataView(record.buffer, record.byteOffset, CODES_AT);
  header.setFloat32(SCALE_AT, scale, true);
  header.setFloat32(ERROR_AT, Math.sqrt(squaredError) + ROUNDING, true);
}

/** Reads a record back: scale, error bound and codes [dimensions]. */
export function readRecord(record: Uint8Array, dimensions: number): { scale: number; error: number; codes: Int8Array } {
  const header = new DataView(record.buffer, record.byteOffset, CODES_AT);
  return {
    scale: header.getFloat32(SCALE_AT, true),
    error: header.getFloat32(ERROR_AT, true),
    codes: new Int8Array(record.buffer, record.byteOffset + CODES_AT, dimensions),
  };
}

/** The hash of a record in hex, or undefined when the slot is free. */
export function hashOf(record: Uint8Array): string | undefined {
  let hex = '';
  let any = 0;
  for (let i = 0; i < HASH_BYTES; i++) {
    any |= record[i]!;
    hex += HEX[record[i]!]!;
  }
  return any === 0 ? undefined : hex;
}

/** @throws RangeError when the hash is not 64 hex digits: chunks are filed under nothing else. */
export function hashBytes(hash: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new RangeError(`"${hash}" is not a SHA-256 in hex`);
  return Uint8Array.from({ length: HASH_BYTES }, (_, i) => parseInt(hash.slice(2 * i, 2 * i + 2), 16));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
