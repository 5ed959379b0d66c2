import type { Graph, Value } from '../../graph/graph.ts';
import { concat, reshape } from '../../graph/ops/layout.ts';
import { gemm, matmulNBits } from '../../graph/ops/linear.ts';
import { reduceSum } from '../../graph/ops/reduce.ts';
import { BLOCK, toBlockCodes, type BlockCodes } from '../../formats/ggml-blocks.ts';
import type { StoredMatrix } from './matrix.ts';

/**
 * How weights lie in the runtime's memory. `float32`: decoded, exact, fastest on wasm, whose 4-bit kernels decode at
 * every run. `blocks`: as in the file, for GPUs and for models too big to decode (ADR 21).
 */
export type WeightLayout = 'float32' | 'blocks';

/** Bytes of the weights that a graph declares, by name; each is called once, while the session is made. */
export type WeightReaders = Map<string, () => Uint8Array>;

/** Linear layers that share their input, computed as one product; with one pair of low-rank matrices for all of them. */
export interface LinearGroup {
  name: string;
  matrices: StoredMatrix[];
  biases?: (StoredMatrix | undefined)[];
}

/**
 * x [T, in] through all matrices of the group -> [T, sum of out], plus the group's low-rank update, whose matrices are
 * inputs of the graph (`<name>.lora_A` [in, rank], `<name>.lora_B` [rank, out]).
 */
export function linearGroup(
  graph: Graph,
  readers: WeightReaders,
  layout: WeightLayout,
  x: Value,
  group: LinearGroup,
  adaptable = true,
): Value {
  const { name, matrices } = group;
  const bias = joinedBias(graph, group);
  const outputs = matrices.reduce((sum, matrix) => sum + matrix.rows, 0);
  const runs = layout === 'blocks' ? runsOfOneType(matrices) : [matrices];
  const parts = runs.map((run, i) =>
    product(graph, readers, layout, x, run, runs.length === 1 ? name : `${name}.${i}`),
  );
  let y = parts.length === 1 ? parts[0]! : concat(parts, -1);
  if (bias) y = graph.emit('Add', [y, bias], 'float32', y.shape);
  if (!adaptable) return y;
  // Not transposed, unlike the matrices of an adapter file: for a single row that halves what the update costs.
  const a = graph.input(`${name}.lora_A`, 'float32', [matrices[0]!.columns, `${name}.rank`]);
  const b = graph.input(`${name}.lora_B`, 'float32', [`${name}.rank`, outputs]);
  return gemm(gemm(x, a), b, y);
}

function product(
  graph: Graph,
  readers: WeightReaders,
  layout: WeightLayout,
  x: Value,
  run: StoredMatrix[],
  name: string,
): Value {
  const rows = run.reduce((sum, matrix) => sum + matrix.rows, 0);
  const columns = run[0]!.columns;
  const { type } = run[0]!;
  if (layout === 'float32' || (type !== 'Q4_0' && type !== 'Q4_1' && type !== 'Q8_0')) {
    const weight = graph.declaredWeight(`${name}.weight`, 'float32', [rows, columns]);
    readers.set(weight.name, () => decodedRows(run));
    return gemm(x, weight, undefined, { transposeB: true });
  }
  const blocks = columns / BLOCK;
  const bits = type === 'Q8_0' ? 8 : 4;
  const coded = once(() => run.map((matrix) => toBlockCodes(type, matrix.bytes)));
  const declare = (
    suffix: string,
    shape: number[],
    dataType: 'uint8' | 'float32',
    pick: (codes: BlockCodes) => ArrayBufferView,
  ) => {
    const value = graph.declaredWeight(`${name}.${suffix}`, dataType, shape);
    readers.set(value.name, () => joinBytes(coded().map(pick)));
    return value;
  };
  const codes = declare('codes', [rows, blocks, (BLOCK * bits) / 8], 'uint8', (c) => c.codes);
  const scales = declare('scales', [rows * blocks], 'float32', (c) => c.scales);
  const y = matmulNBits(x, codes, scales, { bits, blockSize: BLOCK });
  if (type !== 'Q4_1') return y;
  // w = scale·(code - 8) + shift, and the shift of a block meets the sum of its inputs: an exact, thin product.
  const shifts = declare('shifts', [rows, blocks], 'float32', (c) => c.shifts!);
  const sums = reshape(reduceSum(reshape(x, [x.shape[0]!, blocks, BLOCK]), [-1]), [x.shape[0]!, blocks]);
  return gemm(sums, shifts, y, { transposeB: true });
}

function joinedBias(graph: Graph, { name, matrices, biases }: LinearGroup): Value | undefined {
  if (!biases?.some(Boolean)) return undefined;
  const parts = matrices.map((matrix, i) => biases[i]?.toFloat32() ?? new Float32Array(matrix.rows));
  const joined = joinBytes(parts);
  return graph.weight(`${name}.bias`, 'float32', [joined.length / 4], joined);
}

function decodedRows(matrices: StoredMatrix[]): Uint8Array {
  const out = new Float32Array(matrices.reduce((sum, { rows, columns }) => sum + rows * columns, 0));
  let at = 0;
  for (const matrix of matrices) {
    const length = matrix.rows * matrix.columns;
    matrix.toFloat32(0, matrix.rows, out.subarray(at, at + length));
    at += length;
  }
  return new Uint8Array(out.buffer);
}

function runsOfOneType(matrices: StoredMatrix[]): StoredMatrix[][] {
  const runs: StoredMatrix[][] = [];
  for (const matrix of matrices) {
    if (runs.at(-1)?.[0]?.type === matrix.type) runs.at(-1)!.push(matrix);
    else runs.push([matrix]);
  }
  return runs;
}

function joinBytes(views: ArrayBufferView[]): Uint8Array {
  const out = new Uint8Array(views.reduce((sum, view) => sum + view.byteLength, 0));
  let at = 0;
  for (const view of views) {
    out.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at);
    at += view.byteLength;
  }
  return out;
}

/** Codes, scales and shifts are read one after the other: what they share is made once and forgotten after the last. */
function once<T>(make: () => T): () => T {
  let made: WeakRef<{ value: T }> | undefined;
  return () => {
    const known = made?.deref();
    if (known) return known.value;
    const box = { value: make() };
    made = new WeakRef(box);
    return box.value;
  };
}
