import { byteLength, type DataType } from '../onnx/data-type.ts';

/** How JavaScript holds the elements of each type: halves as their bits, 4-bit integers packed, low nibble first. */
export interface NumbersOf {
  float32: Float32Array<ArrayBuffer>;
  float16: Uint16Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  int8: Int8Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
  uint4: Uint8Array<ArrayBuffer>;
  int4: Uint8Array<ArrayBuffer>;
}

/** Numbers of a tensor as JavaScript has them. */
export type Numbers<T extends DataType = DataType> = NumbersOf[T];

const ARRAYS: { [T in DataType]: new (buffer: ArrayBuffer, at?: number, length?: number) => NumbersOf[T] } = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
  uint4: Uint8Array,
  int4: Uint8Array,
};

/** Reads bytes as numbers of a type, without copying. The bytes start where such a number may lie. */
export function toNumbers<T extends DataType>(dataType: T, { buffer, byteOffset, length }: Bytes): NumbersOf[T] {
  const array = ARRAYS[dataType];
  return new array(buffer, byteOffset, length / (array as unknown as typeof Uint8Array).BYTES_PER_ELEMENT);
}

export type Bytes = Uint8Array<ArrayBuffer>;

export function toBytes(numbers: Numbers): Bytes {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/**
 * The bytes that elements `from` to `to` of a tensor take.
 *
 * @throws RangeError when they lie outside of it, or a packed 4-bit pair would be split
 */
export function byteRange(dataType: DataType, elements: number, from: number, to: number): [number, number] {
  const packed = dataType === 'uint4' || dataType === 'int4';
  if (from < 0 || to < from || to > elements || (packed && (from % 2 || (to % 2 && to < elements))))
    throw new RangeError(`Elements ${from} to ${to} cannot be taken from a tensor of ${elements} ${dataType}.`);
  return [byteLength(dataType, from), byteLength(dataType, to)];
}
