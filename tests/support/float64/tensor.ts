/** Numbers in double precision, row-major; whole numbers are held as such. */
export interface Tensor {
  shape: readonly number[];
  data: Float64Array;
}

export function tensor(shape: readonly number[], valueAt: (at: number) => number): Tensor {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, at) => valueAt(at)) };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Counts negative axes from the end. */
export function axisOf(axis: number, { shape }: Tensor): number {
  return axis < 0 ? axis + shape.length : axis;
}

/** The place along each axis of the element `at` of a shape. */
export function placeOf(at: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = at;
  for (const dim of shape.toReversed()) {
    place.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return place;
}

export function at(place: readonly number[], shape: readonly number[]): number {
  return place.reduce((sum, index, axis) => sum * shape[axis]! + index, 0);
}

export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => Math.max(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1));
}

/** The element of x that stands at `place` of a shape to which x is broadcast. */
export function broadcastValue(x: Tensor, place: readonly number[]): number {
  const own = place.slice(place.length - x.shape.length).map((index, axis) => (x.shape[axis] === 1 ? 0 : index));
  return x.data[at(own, x.shape)]!;
}

/** Sums, means or the like over axes, which stay as 1. */
export function reduced(x: Tensor, axes: readonly number[], fold: (values: number[]) => number): Tensor {
  const over = axes.map((axis) => axisOf(axis, x));
  const shape = x.shape.map((dim, axis) => (over.includes(axis) ? 1 : dim));
  const groups = Array.from({ length: sizeOf(shape) }, (): number[] => []);
  x.data.forEach((value, i) => {
    const place = placeOf(i, x.shape).map((index, axis) => (over.includes(axis) ? 0 : index));
    groups[at(place, shape)]!.push(value);
  });
  return tensor(shape, (i) => fold(groups[i]!));
}

/** The last axis, row by row. */
export function byRow(x: Tensor, change: (row: number[]) => number[]): Tensor {
  const size = x.shape.at(-1)!;
  const rows = Array.from({ length: x.data.length / size }, (_, r) =>
    change([...x.data.slice(r * size, (r + 1) * size)]),
  );
  return { shape: x.shape, data: Float64Array.from(rows.flat()) };
}
