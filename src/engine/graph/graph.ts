import { create, toBinary } from '@bufbuild/protobuf';
import { encodeAttributes, type Attributes } from '../onnx/attributes.ts';
import { byteLength, onnxDataType, type DataType } from '../onnx/data-type.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  TensorProto_DataLocation,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
} from '../onnx/onnx_pb.ts';
import { encodeNumbers } from './numbers.ts';
import { elementCount, type Dim, type Shape } from './shape.ts';

/** IR version 10 and opset 21 are the first with 4-bit integers and blocked DequantizeLinear. */
const IR_VERSION = 10n;
const OPSETS = [
  { domain: '', version: 21n },
  { domain: 'com.microsoft', version: 1n },
];

/** Weights up to this size stay inside the model's bytes: mounting thousands of tiny external pieces costs more. */
const INLINE_BYTES = 4096;

/** A tensor in a graph under construction. Values are made by graphs and ops and never changed. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: Shape;
}

/** A built model: protobuf bytes, and the weights that lie outside them, each under its own path. */
export interface GraphModel {
  bytes: Uint8Array;
  externalData: { path: string; data: Uint8Array }[];
  /** What it has to be fed. */
  inputs: { name: string; dataType: DataType; shape: Shape }[];
}

/** One recorded operation: how to pull a gradient of its output back to its inputs. */
export interface TapeEntry {
  op: string;
  output: Value;
  inputs: Value[];
  /** Absent: the op cannot be differentiated. Called only when a gradient is asked for. */
  pullBack?: (upstream: Value) => Pullback;
}

/**
 * Gradients by input; each is a function so that those of frozen inputs are never emitted. One that declares a parameter
 * gets what other uses of the input have added up to so far, and gives the sum: a product can add to it as it goes.
 */
export type Pullback = readonly (readonly [Value | undefined, (sum?: Value) => Value])[];

export interface EmitOptions {
  attributes?: Attributes;
  /** 'com.microsoft' for onnxruntime's own operators. */
  domain?: string;
}

/**
 * An ONNX graph under construction. Ops (see `ops/`) are functions from values to values that emit nodes here and
 * record themselves on `tape`, which reverse-mode differentiation walks.
 *
 * Errors thrown while building are programming errors (TypeError, RangeError), never messages for people.
 */
export class Graph {
  readonly name: string;
  readonly tape: TapeEntry[] = [];
  #recording = true;
  #count = 0;
  #nodes: NodeProto[] = [];
  #inputs: Value[] = [];
  #outputs: { name: string; value: Value }[] = [];
  #initialisers: TensorProto[] = [];
  #externalData: GraphModel['externalData'] = [];
  #constants = new Map<string, Value>();
  #names = new Set<string>();
  #replaced = new Map<string, string>();

  constructor(name: string) {
    this.name = name;
  }

  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  /** A tensor fed at every run. Symbols in the shape are bound by what is fed. */
  input(name: string, dataType: DataType, shape: Shape): Value {
    const value = this.#value(name, dataType, shape);
    this.#inputs.push(value);
    return value;
  }

  /**
   * A frozen tensor stored with the model. Beyond 4 KiB the bytes lie outside the protobuf and are not copied here:
   * the caller keeps them unchanged until the session exists.
   *
   * @param data little-endian elements, row-major, 4-bit types packed low nibble first
   * @throws RangeError when the bytes do not match type and shape
   */
  weight(name: string, dataType: DataType, shape: readonly number[], data: ArrayBufferView): Value {
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const expected = byteLength(dataType, elementCount(shape));
    if (bytes.length !== expected) {
      throw new RangeError(
        `${name} [${shape.join(', ')}] of ${dataType} takes ${expected} bytes, not ${bytes.length}.`,
      );
    }
    const value = this.#value(name, dataType, shape);
    const tensor = create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: onnxDataType(dataType) });
    if (bytes.length <= INLINE_BYTES) {
      tensor.rawData = bytes;
    } else {
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      tensor.externalData = externalEntries(name, bytes.length);
      this.#externalData.push({ path: name, data: bytes });
    }
    this.#initialisers.push(tensor);
    return value;
  }

  /**
   * A frozen tensor whose bytes the caller mounts as external data under the path `name` when the session is made, so
   * that big models are decoded one weight at a time and never lie in memory twice.
   */
  declaredWeight(name: string, dataType: DataType, shape: readonly number[]): Value {
    const value = this.#value(name, dataType, shape);
    const length = byteLength(dataType, elementCount(shape));
    this.#initialisers.push(
      create(TensorProtoSchema, {
        name,
        dims: shape.map(BigInt),
        dataType: onnxDataType(dataType),
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: externalEntries(name, length),
      }),
    );
    return value;
  }

  /** A small tensor of literal numbers; equal ones are stored once. */
  constant(numbers: readonly number[], shape: readonly number[], dataType: DataType = 'float32'): Value {
    const key = `${dataType}[${shape.join()}]${numbers.join()}`;
    let value = this.#constants.get(key);
    if (!value) {
      value = this.weight(this.#fresh('constant'), dataType, shape, encodeNumbers(numbers, dataType));
      this.#constants.set(key, value);
    }
    return value;
  }

  scalar(number: number, dataType: DataType = 'float32'): Value {
    return this.constant([number], [], dataType);
  }

  /** An int64 vector: axes, shapes, slice bounds. */
  ints(numbers: readonly number[]): Value {
    return this.constant(numbers, [numbers.length], 'int64');
  }

  /**
   * The run-time size of a symbolic dimension as int64 [1].
   *
   * @throws TypeError when no input has that symbol
   */
  dimension(symbol: string): Value {
    const key = `dimension ${symbol}`;
    const known = this.#constants.get(key);
    if (known) return known;
    for (const input of this.#inputs) {
      const axis = input.shape.indexOf(symbol);
      if (axis < 0) continue;
      const value = this.emit('Shape', [input], 'int64', [1], { attributes: { start: axis, end: axis + 1 } });
      this.#constants.set(key, value);
      return value;
    }
    throw new TypeError(`No input of the graph ${this.name} has the dimension ${symbol}.`);
  }

  /** A shape as an int64 vector, computed at run time where it has symbols. */
  shapeVector(shape: Shape): Value {
    if (shape.every((dim) => typeof dim === 'number')) return this.ints(shape);
    const parts = shape.map((dim) => (typeof dim === 'number' ? this.ints([dim]) : this.dimension(dim)));
    return parts.length === 1
      ? parts[0]!
      : this.emit('Concat', parts, 'int64', [shape.length], { attributes: { axis: 0 } });
  }

  /** Adds any operator with one output. The caller states its type and shape; nothing is recorded on the tape. */
  emit(
    opType: string,
    inputs: readonly (Value | undefined)[],
    dataType: DataType,
    shape: Shape,
    options: EmitOptions = {},
  ): Value {
    return this.emitMany(opType, inputs, [{ dataType, shape }], options)[0]!;
  }

  /** Like {@link emit} for operators with several outputs. */
  emitMany(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly { dataType: DataType; shape: Shape }[],
    options: EmitOptions = {},
  ): Value[] {
    for (const input of inputs) {
      if (input && input.graph !== this)
        throw new TypeError(`${input.name} belongs to the graph ${input.graph.name}, not ${this.name}.`);
    }
    const values = outputs.map(({ dataType, shape }) => this.#value(this.#fresh(opType), dataType, shape));
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: values[0]!.name,
        opType,
        domain: options.domain ?? '',
        input: inputs.map((input) => input?.name ?? ''),
        output: values.map((value) => value.name),
        attribute: encodeAttributes(options.attributes ?? {}),
      }),
    );
    return values;
  }

  /**
   * Runs one of two branches, by a bool scalar. Both give values of the same types; shapes are those of `otherwise`.
   * Branches may use every value from outside. Not recorded: a serving construct.
   */
  branch(condition: Value, then: () => readonly Value[], otherwise: () => readonly Value[]): Value[] {
    const sub = (name: string, build: () => readonly Value[]) => {
      const outside = this.#nodes;
      this.#nodes = [];
      try {
        const outputs = this.withoutRecording(build);
        const output = outputs.map((value) => valueInfo(value.name, value));
        return { outputs, graph: create(GraphProtoSchema, { name, node: this.#nodes, output }) };
      } finally {
        this.#nodes = outside;
      }
    };
    const name = this.#fresh('If');
    const branches = { then_branch: sub(`${name}_then`, then), else_branch: sub(`${name}_else`, otherwise) };
    const values = branches.else_branch.outputs.map(({ dataType, shape }) =>
      this.#value(this.#fresh('If'), dataType, shape),
    );
    const attribute = Object.entries(branches).map(([key, { graph }]) =>
      create(AttributeProtoSchema, { name: key, type: AttributeProto_AttributeType.GRAPH, g: graph }),
    );
    const output = values.map((value) => value.name);
    this.#nodes.push(create(NodeProtoSchema, { name, opType: 'If', input: [condition.name], output, attribute }));
    return values;
  }

  /** Makes a value an output of the model under a stable name. */
  output(value: Value, name: string): void {
    if (this.#names.has(name)) throw new TypeError(`The graph ${this.name} already has a tensor named ${name}.`);
    this.#names.add(name);
    this.#outputs.push({ name, value });
  }

  /** Lets everything that reads `value` read `by` instead, also what was built before and ops' own gradients. */
  replace(value: Value, by: Value): void {
    this.#replaced.set(value.name, by.name);
  }

  /** Records an op on the tape; ops call it through `defineOp`. */
  record(entry: TapeEntry): void {
    if (this.#recording) this.tape.push(entry);
  }

  /** Runs `build` without recording: the inside of an op with its own gradient, and gradients themselves. */
  withoutRecording<T>(build: () => T): T {
    const before = this.#recording;
    this.#recording = false;
    try {
      return build();
    } finally {
      this.#recording = before;
    }
  }

  /**
   * Serialises the graph. It can be built on and serialised again.
   *
   * @param options.prune leaves out nodes and inputs that no output needs: in a backward graph, what was kept
   */
  build({ prune = false }: { prune?: boolean } = {}): GraphModel {
    const all = this.#replaced.size ? this.#nodes.map((node) => this.#redirected(node)) : this.#nodes;
    const { nodes, inputs } = prune ? this.#needed(all) : { nodes: all, inputs: this.#inputs };
    const outputNames = this.#outputNames(nodes);
    const copied = this.#outputs.filter(({ name, value }) => outputNames.get(value.name) !== name);
    const from = (value: Value) => outputNames.get(value.name) ?? value.name;
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'attune',
      opsetImport: OPSETS,
      graph: create(GraphProtoSchema, {
        name: this.name,
        node: [
          ...nodes.map((node) => renamed(node, outputNames)),
          ...copied.map(({ name, value }) => identity(from(value), name)),
        ],
        initializer: this.#initialisers,
        input: inputs.map((value) => valueInfo(value.name, value)),
        output: this.#outputs.map(({ name, value }) => valueInfo(name, value)),
      }),
    });
    return {
      bytes: toBinary(ModelProtoSchema, model),
      externalData: [...this.#externalData],
      inputs: inputs.map(({ name, dataType, shape }) => ({ name, dataType, shape })),
    };
  }

  #redirected(node: NodeProto): NodeProto {
    return { ...node, input: node.input.map((name) => this.#replaced.get(name) ?? name) };
  }

  /** Output names of the values that a node computes: it writes them there, without a copy. */
  #outputNames(nodes: readonly NodeProto[]): Map<string, string> {
    const computed = new Set(nodes.flatMap((node) => node.output));
    const names = new Map<string, string>();
    for (const { name, value } of this.#outputs) {
      if (computed.has(value.name) && !names.has(value.name)) names.set(value.name, name);
    }
    return names;
  }

  #needed(all: readonly NodeProto[]): { nodes: NodeProto[]; inputs: Value[] } {
    const needed = new Set(this.#outputs.map(({ value }) => value.name));
    const read = (node: NodeProto) => {
      for (const name of node.input) needed.add(name);
      for (const { g } of node.attribute) {
        for (const { name } of g?.output ?? []) needed.add(name);
        for (const inner of g?.node ?? []) read(inner);
      }
    };
    const nodes = all.toReversed().filter((node) => {
      if (!node.output.some((name) => needed.has(name))) return false;
      read(node);
      return true;
    });
    return { nodes: nodes.reverse(), inputs: this.#inputs.filter(({ name }) => needed.has(name)) };
  }

  #fresh(prefix: string): string {
    return `${prefix}_${this.#count++}`;
  }

  #value(name: string, dataType: DataType, shape: Shape): Value {
    if (this.#names.has(name)) throw new TypeError(`The graph ${this.name} already has a tensor named ${name}.`);
    this.#names.add(name);
    return { graph: this, name, dataType, shape: [...shape] };
  }
}

function externalEntries(location: string, length: number): TensorProto['externalData'] {
  const entry = (key: string, value: string) => ({ $typeName: 'onnx.StringStringEntryProto' as const, key, value });
  return [entry('location', location), entry('offset', '0'), entry('length', String(length))];
}

/** A node with values under other names, those that the graphs inside of it read too. */
function renamed(node: NodeProto, names: ReadonlyMap<string, string>): NodeProto {
  const rename = (name: string) => names.get(name) ?? name;
  const attribute = node.attribute.map((entry) =>
    entry.g ? { ...entry, g: { ...entry.g, node: entry.g.node.map((inner) => renamed(inner, names)) } } : entry,
  );
  return { ...node, input: node.input.map(rename), output: node.output.map(rename), attribute };
}

// An input that is an output too, or an output under two names.
function identity(from: string, to: string): NodeProto {
  return create(NodeProtoSchema, { name: to, opType: 'Identity', input: [from], output: [to] });
}

function valueInfo(name: string, { dataType, shape }: Value) {
  const dim = shape.map((size: Dim) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
      : { value: { case: 'dimParam' as const, value: size } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: { case: 'tensorType', value: { elemType: onnxDataType(dataType), shape: { dim } } },
    }),
  });
}
