import { fromBinary } from '@bufbuild/protobuf';
import type { GraphModel } from '../../../src/engine/graph/graph.ts';
import {
  ModelProtoSchema,
  TensorProto_DataType as Type,
  type AttributeProto,
  type TensorProto,
} from '../../../src/engine/onnx/onnx_pb.ts';
import { OPERATORS, type Attributes } from './operators.ts';
import { tensor, type Tensor } from './tensor.ts';

/**
 * Computes a graph of the engine in double precision, by ONNX's definitions and without onnxruntime: what a runtime's
 * float32 is held against, and where central differences are exact to ten digits.
 *
 * @throws Error naming an operator that it does not know
 */
export function evaluate(model: GraphModel, feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const { graph } = fromBinary(ModelProtoSchema, model.bytes);
  const values = new Map<string, Tensor>(Object.entries(feeds));
  for (const initialiser of graph!.initializer) values.set(initialiser.name, literal(initialiser));
  for (const node of graph!.node) {
    const operator = OPERATORS[node.opType];
    if (!operator) throw new Error(`${node.opType} has no definition in float64.`);
    const inputs = node.input.map((name) => values.get(name)!);
    const outputs = [operator(inputs, attributesOf(node.attribute), node.output.length)].flat();
    node.output.forEach((name, i) => values.set(name, outputs[i]!));
  }
  return Object.fromEntries(graph!.output.map(({ name }) => [name, values.get(name)!]));
}

function literal({ name, dims, dataType, rawData }: TensorProto): Tensor {
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const read = {
    [Type.FLOAT]: (at: number) => view.getFloat32(4 * at, true),
    [Type.INT64]: (at: number) => Number(view.getBigInt64(8 * at, true)),
  }[dataType as number];
  if (!read) throw new Error(`The literal ${name} is of a type that has no reading in float64.`);
  return tensor(dims.map(Number), read);
}

function attributesOf(attributes: readonly AttributeProto[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ name, type, i, f, ints }) => [
      name,
      { 1: f, 2: Number(i), 7: ints.map(Number) }[type as number]!,
    ]),
  );
}
