import { create } from '@bufbuild/protobuf';
import { AttributeProtoSchema, AttributeProto_AttributeType as Type, type AttributeProto } from './onnx_pb.ts';

/** A float attribute: JavaScript does not tell 1.0 from 1, ONNX does. */
export interface FloatAttribute {
  float: number;
}

/** Numbers are integers unless wrapped by {@link float}; booleans become 0 and 1, as ONNX has them. */
export type AttributeValue = number | boolean | string | readonly number[] | FloatAttribute;

export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

export function float(value: number): FloatAttribute {
  return { float: value };
}

/** @throws RangeError when a number that was not wrapped by {@link float} is no integer. */
export function encodeAttributes(attributes: Attributes): AttributeProto[] {
  return Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [encode(name, value)]));
}

// BigInt() throws the RangeError promised above for a fraction.
function encode(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return create(AttributeProtoSchema, { name, type: Type.INT, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: Type.STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) return create(AttributeProtoSchema, { name, type: Type.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: Type.INTS, ints: value.map(BigInt) });
}
