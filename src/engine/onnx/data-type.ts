import { TensorProto_DataType } from './onnx_pb.ts';

/** Element types by the names that onnxruntime's tensors use. */
export type DataType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'int8' | 'bool' | 'uint4' | 'int4';

/** Element types as ONNX numbers them, and their size in bits: the 4-bit types are packed two to a byte. */
const TYPES: Record<DataType, { onnx: TensorProto_DataType; bits: number }> = {
  float32: { onnx: TensorProto_DataType.FLOAT, bits: 32 },
  float16: { onnx: TensorProto_DataType.FLOAT16, bits: 16 },
  int64: { onnx: TensorProto_DataType.INT64, bits: 64 },
  int32: { onnx: TensorProto_DataType.INT32, bits: 32 },
  uint8: { onnx: TensorProto_DataType.UINT8, bits: 8 },
  int8: { onnx: TensorProto_DataType.INT8, bits: 8 },
  bool: { onnx: TensorProto_DataType.BOOL, bits: 8 },
  uint4: { onnx: TensorProto_DataType.UINT4, bits: 4 },
  int4: { onnx: TensorProto_DataType.INT4, bits: 4 },
};

export function onnxDataType(type: DataType): TensorProto_DataType {
  return TYPES[type].onnx;
}

/** Bytes that `elements` values of the type take. */
export function byteLength(type: DataType, elements: number): number {
  return Math.ceil((elements * TYPES[type].bits) / 8);
}
