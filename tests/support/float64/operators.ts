import { erf } from './erf.ts';
import {
  at,
  axisOf,
  broadcast,
  broadcastValue,
  byRow,
  placeOf,
  reduced,
  sizeOf,
  tensor,
  type Tensor,
} from './tensor.ts';

/** Attributes of a node by name: numbers, lists of them, text. */
export type Attributes = Readonly<Record<string, number | number[] | string>>;
type Operator = (inputs: readonly Tensor[], attributes: Attributes, outputs: number) => Tensor | Tensor[];

const each =
  (f: (x: number) => number): Operator =>
  ([x]) =>
    tensor(x!.shape, (i) => f(x!.data[i]!));
const both =
  (f: (a: number, b: number) => number): Operator =>
  ([a, b]) => {
    const shape = broadcast(a!.shape, b!.shape);
    return tensor(shape, (i) => {
      const place = placeOf(i, shape);
      return f(broadcastValue(a!, place), broadcastValue(b!, place));
    });
  };
const over =
  (fold: (values: number[]) => number): Operator =>
  ([x, axes]) =>
    reduced(x!, [...axes!.data], fold);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function matMul(a: Tensor, b: Tensor): Tensor {
  const [rows, inner, columns] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!];
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  return tensor(shape, (i) => {
    const place = placeOf(i, shape);
    const [batch, row, column] = [place.slice(0, -2), place.at(-2)!, place.at(-1)!];
    return sum(
      Array.from(
        { length: inner },
        (_, k) => broadcastValue(a, [...batch, row, k]) * broadcastValue(b, [...batch, k, column]),
      ),
    );
  });
}

function transposed(x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]!);
  return tensor(shape, (i) => {
    const place = placeOf(i, shape);
    const own: number[] = [];
    order.forEach((axis, to) => (own[axis] = place[to]!));
    return x.data[at(own, x.shape)]!;
  });
}

/** Elements `start` to `start + length` along an axis; what lies outside is 0. */
function cut(x: Tensor, axis: number, start: number, length: number): Tensor {
  const shape = x.shape.with(axis, length);
  return tensor(shape, (i) => {
    const place = placeOf(i, shape);
    const index = place[axis]! + start;
    return index >= 0 && index < x.shape[axis]! ? x.data[at(place.with(axis, index), x.shape)]! : 0;
  });
}

function reshaped(x: Tensor, wanted: readonly number[]): Tensor {
  const copied = wanted.map((dim, axis) => (dim === 0 ? x.shape[axis]! : dim));
  const known = sizeOf(copied.filter((dim) => dim !== -1));
  return { shape: copied.map((dim) => (dim === -1 ? x.data.length / known : dim)), data: x.data };
}

function parts(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  let start = 0;
  return sizes.map((size) => cut(x, axis, (start += size) - size, size));
}

function concat(inputs: readonly Tensor[], axis: number): Tensor {
  const shape = inputs[0]!.shape.with(axis, sum(inputs.map((part) => part.shape[axis]!)));
  const padded = inputs.map((part, n) => {
    const before = sum(inputs.slice(0, n).map((earlier) => earlier.shape[axis]!));
    return cut(part, axis, -before, shape[axis]!);
  });
  return tensor(shape, (i) => sum(padded.map(({ data }) => data[i]!)));
}

function layerNorm([x, weight, bias]: readonly Tensor[], { epsilon }: Attributes): Tensor[] {
  const mu = reduced(x!, [-1], mean);
  const inverse = reduced(
    x!,
    [-1],
    (row) => 1 / Math.sqrt(mean(row.map((v) => (v - mean(row)) ** 2)) + Number(epsilon)),
  );
  const normal = byRow(x!, (row) => {
    const deviation = Math.sqrt(mean(row.map((v) => (v - mean(row)) ** 2)) + Number(epsilon));
    return row.map((v, i) => ((v - mean(row)) / deviation) * weight!.data[i]! + bias!.data[i]!);
  });
  return [normal, mu, inverse];
}

/** Pairs are an element of the first half of a head and its fellow of the second. Tables [N, headSize/2]. */
function rotary([x, , cos, sin]: readonly Tensor[]): Tensor {
  const half = cos!.shape[1]!;
  const width = x!.shape.at(-1)!;
  return tensor(x!.shape, (i) => {
    const row = Math.floor(i / width);
    const inHead = (i % width) % (2 * half);
    const [c, s] = [cos!, sin!].map(({ data }) => data[row * half + (inHead % half)]!) as [number, number];
    return inHead < half ? x!.data[i]! * c - x!.data[i + half]! * s : x!.data[i]! * c + x!.data[i - half]! * s;
  });
}

/** ONNX's definitions (onnx.ai/onnx/operators), and onnxruntime's of its own two, as far as the engine's graphs use them. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: both((a, b) => a + b),
  Sub: both((a, b) => a - b),
  Mul: both((a, b) => a * b),
  Div: both((a, b) => a / b),
  Neg: each((x) => -x),
  Exp: each(Math.exp),
  Log: each(Math.log),
  Sqrt: each(Math.sqrt),
  Reciprocal: each((x) => 1 / x),
  Tanh: each(Math.tanh),
  Erf: each(erf),
  Sigmoid: each(sigmoid),
  HardSigmoid: ([x], { alpha, beta }) =>
    tensor(x!.shape, (i) => Math.max(0, Math.min(1, Number(alpha) * x!.data[i]! + Number(beta)))),
  BiasGelu: ([x, bias]) =>
    byRow(x!, (row) => row.map((v, i) => v + bias!.data[i]!).map((v) => (v * (1 + erf(v * Math.SQRT1_2))) / 2)),
  Softmax: ([x]) =>
    byRow(x!, (row) => {
      const powers = row.map((v) => Math.exp(v - Math.max(...row)));
      return powers.map((power) => power / sum(powers));
    }),
  ReduceSum: over(sum),
  ReduceMean: over(mean),
  ReduceMax: over((values) => Math.max(...values)),
  ReduceSumSquare: over((values) => sum(values.map((v) => v * v))),
  MatMul: ([a, b]) => matMul(a!, b!),
  Gemm: ([a, b, c], { transA, transB, alpha }) => {
    const [left, right] = [transA ? transposed(a!, [1, 0]) : a!, transB ? transposed(b!, [1, 0]) : b!];
    const product = matMul(left, right);
    return tensor(product.shape, (i) => {
      const summand = c ? broadcastValue(c, placeOf(i, product.shape)) : 0;
      return Number(alpha) * product.data[i]! + summand;
    });
  },
  Identity: ([x]) => x!,
  Cast: ([x]) => x!,
  Shape: ([x], { start = 0, end }) => {
    const dims = x!.shape.slice(Number(start), end === undefined ? undefined : Number(end));
    return tensor([dims.length], (i) => dims[i]!);
  },
  Reshape: ([x, shape]) => reshaped(x!, [...shape!.data]),
  Squeeze: ([x, axes]) => {
    const gone = [...axes!.data].map((axis) => axisOf(axis, x!));
    return { shape: x!.shape.filter((_, axis) => !gone.includes(axis)), data: x!.data };
  },
  Transpose: ([x], { perm }) => transposed(x!, perm as number[]),
  Expand: ([x, target]) => {
    const shape = broadcast(x!.shape, [...target!.data]);
    return tensor(shape, (i) => broadcastValue(x!, placeOf(i, shape)));
  },
  Concat: (inputs, { axis }) => concat(inputs, axisOf(Number(axis), inputs[0]!)),
  Slice: ([x, from, to, axes]) => {
    const axis = axisOf(axes!.data[0]!, x!);
    const [start, end] = [from!, to!].map(({ data }) => Math.min(data[0]!, x!.shape[axis]!)) as [number, number];
    return cut(x!, axis, start, end - start);
  },
  Pad: ([x, pads, , axes]) => {
    const axis = axisOf(axes!.data[0]!, x!);
    const [before, after] = [...pads!.data] as [number, number];
    return cut(x!, axis, -before, before + x!.shape[axis]! + after);
  },
  Split: ([x, sizes], { axis }, outputs) => {
    const along = axisOf(Number(axis), x!);
    return parts(x!, sizes ? [...sizes.data] : new Array<number>(outputs).fill(x!.shape[along]! / outputs), along);
  },
  Gather: ([table, indices]) => {
    const rest = table!.shape.slice(1);
    const size = sizeOf(rest);
    return tensor(
      [...indices!.shape, ...rest],
      (i) => table!.data[indices!.data[Math.floor(i / size)]! * size + (i % size)]!,
    );
  },
  LayerNormalization: layerNorm,
  SimplifiedLayerNormalization: ([x, weight], { epsilon }) =>
    byRow(x!, (row) => {
      const root = Math.sqrt(mean(row.map((v) => v * v)) + Number(epsilon));
      return row.map((v, i) => (v / root) * weight!.data[i]!);
    }),
  RotaryEmbedding: rotary,
};
