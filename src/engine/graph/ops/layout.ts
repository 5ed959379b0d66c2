import { onnxDataType, type DataType } from '../../onnx/data-type.ts';
import { defineOp } from '../define-op.ts';
import type { Value } from '../graph.ts';
import { elementCount, isStatic, normaliseAxis, sameShape, type Dim, type Shape } from '../shape.ts';
import { sumTo } from './sum-to.ts';

/** Ops that move elements about without computing. */

/**
 * The same elements in another shape. At most one symbolic dimension needs no work at run time; more are looked up from
 * the graph's inputs.
 *
 * @throws TypeError when both shapes are static and of different size
 */
export const reshape: (x: Value, shape: Shape) => Value = defineOp({
  name: 'reshape',
  forward: (x: Value, shape: Shape) => {
    if (isStatic(x.shape) && isStatic(shape) && elementCount(x.shape) !== elementCount(shape)) {
      throw new TypeError(`[${x.shape.join(', ')}] cannot be reshaped to [${shape.join(', ')}].`);
    }
    return x.graph.emit('Reshape', [x, reshapeTarget(x, shape)], x.dataType, shape);
  },
  vjp: (g, _, x) => [[x, () => reshape(g, x.shape)]],
});

/** 0 copies the dimension at the same place, -1 is what remains: both are literals that need no Shape node. */
function reshapeTarget(x: Value, shape: Shape): Value {
  const literal = shape.map((dim, i) => (typeof dim === 'number' ? dim : dim === x.shape[i] ? 0 : -1));
  return literal.filter((dim) => dim === -1).length <= 1 ? x.graph.ints(literal) : x.graph.shapeVector(shape);
}

/** Axis i of the result is axis `permutation[i]` of x. */
export const transpose: (x: Value, permutation: readonly number[]) => Value = defineOp({
  name: 'transpose',
  forward: (x: Value, permutation: readonly number[]) =>
    x.graph.emit(
      'Transpose',
      [x],
      x.dataType,
      permutation.map((axis) => x.shape[axis]!),
      { attributes: { perm: permutation } },
    ),
  vjp: (g, _, x, permutation) => [
    [
      x,
      () =>
        transpose(
          g,
          permutation.map((__, i) => permutation.indexOf(i)),
        ),
    ],
  ],
});

/** Swaps the last two axes. */
export function transposeLast(x: Value): Value {
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
}

/** Repeats dimensions of 1 to fill the shape. */
export const expand = defineOp({
  name: 'expand',
  forward: (x: Value, shape: Shape) =>
    sameShape(x.shape, shape) ? x : x.graph.emit('Expand', [x, x.graph.shapeVector(shape)], x.dataType, shape),
  vjp: (g, _, x) => [[x, () => sumTo(g, x.shape)]],
});

/** Joins values along an axis. A symbolic size along it becomes a sum ("past+T"). */
export const concat = defineOp({
  name: 'concat',
  forward: (parts: readonly Value[], axis: number) => {
    const first = parts[0]!;
    const normal = normaliseAxis(axis, first.shape.length);
    const sizes: Shape = parts.map((part) => part.shape[normal]!);
    const total: Dim = isStatic(sizes) ? sizes.reduce<number>((sum, size) => sum + size, 0) : sizes.join('+');
    const shape = first.shape.map((dim, i) => (i === normal ? total : dim));
    return first.graph.emit('Concat', parts, first.dataType, shape, { attributes: { axis: normal } });
  },
  vjp: (g, _, parts, axis) => {
    let start = 0;
    return parts.map((part) => {
      const size = elementCount([part.shape.at(axis)!]);
      const from = start;
      start += size;
      return [part, () => slice(g, axis, from, from + size)] as const;
    });
  },
});

/** Elements `start` to `end` (exclusive, both literal) along an axis. */
export const slice: (x: Value, axis: number, start: number, end: number) => Value = defineOp({
  name: 'slice',
  forward: (x: Value, axis: number, start: number, end: number) => {
    const { graph } = x;
    const normal = normaliseAxis(axis, x.shape.length);
    const shape = x.shape.map((dim, i) => (i === normal ? end - start : dim));
    return graph.emit('Slice', [x, graph.ints([start]), graph.ints([end]), graph.ints([normal])], x.dataType, shape);
  },
  vjp: (g, _, x, axis, start, end) => [
    [
      x,
      () => {
        const { graph } = x;
        const after = elementCount([x.shape.at(axis)!]) - end;
        const normal = normaliseAxis(axis, x.shape.length);
        return graph.emit('Pad', [g, graph.ints([start, after]), undefined, graph.ints([normal])], x.dataType, x.shape);
      },
    ],
  ],
});

/**
 * Equal parts along an axis, of the sizes given, which may be symbols. Not recorded: for ops that write their gradient
 * out, as are {@link firstOf} and {@link padTo}.
 */
export function split(x: Value, axis: number, sizes: Shape): Value[] {
  if (sizes.length === 1) return [x];
  const parts = sizes.map((size) => ({ dataType: x.dataType, shape: x.shape.with(axis, size) }));
  return x.graph.emitMany('Split', [x], parts, { attributes: { axis, num_outputs: parts.length } });
}

/** The first elements along an axis; a symbolic size is looked up from the graph's inputs. */
export function firstOf(x: Value, axis: number, size: Dim): Value {
  if (size === x.shape[axis]) return x;
  const { graph } = x;
  const bounds = [graph.ints([0]), graph.shapeVector([size]), graph.ints([axis])];
  return graph.emit('Slice', [x, ...bounds], x.dataType, x.shape.with(axis, size));
}

/** Zeros after the elements along an axis up to the size given; symbols are looked up from the graph's inputs. */
export function padTo(x: Value, axis: number, size: Dim): Value {
  if (size === x.shape[axis]) return x;
  const { graph } = x;
  const missing = graph.emit('Sub', [graph.shapeVector([size]), graph.shapeVector([x.shape[axis]!])], 'int64', [1]);
  const pads = graph.emit('Concat', [graph.ints([0]), missing], 'int64', [2], { attributes: { axis: 0 } });
  return graph.emit('Pad', [x, pads, undefined, graph.ints([axis])], x.dataType, x.shape.with(axis, size));
}

/** Rows of a table by index: table [V, ...], indices int64 of any shape -> [...indices, ...]. The table is frozen. */
export const gather = defineOp({
  name: 'gather',
  forward: (table: Value, indices: Value) =>
    table.graph.emit('Gather', [table, indices], table.dataType, [...indices.shape, ...table.shape.slice(1)], {
      attributes: { axis: 0 },
    }),
});

export const cast: (x: Value, to: DataType) => Value = defineOp({
  name: 'cast',
  forward: (x: Value, to: DataType) =>
    x.dataType === to ? x : x.graph.emit('Cast', [x], to, x.shape, { attributes: { to: onnxDataType(to) } }),
  vjp: (g, _, x) => [[x, () => cast(g, x.dataType)]],
});
