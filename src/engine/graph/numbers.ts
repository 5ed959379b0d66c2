import type { DataType } from '../onnx/data-type.ts';
import { toFloat16 } from '../formats/float16.ts';

/** Encodes literal numbers as elements of a type. @throws TypeError for the packed 4-bit types. */
export function encodeNumbers(numbers: readonly number[], dataType: DataType): ArrayBufferView {
  switch (dataType) {
    case 'float32':
      return Float32Array.from(numbers);
    case 'float16':
      return Uint16Array.from(numbers, toFloat16);
    case 'int64':
      return BigInt64Array.from(numbers, BigInt);
    case 'int32':
      return Int32Array.from(numbers);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(numbers);
    case 'int8':
      return Int8Array.from(numbers);
    case 'uint4':
    case 'int4':
      throw new TypeError(`Literal ${dataType} numbers are not supported: pass packed bytes to weight().`);
  }
}
