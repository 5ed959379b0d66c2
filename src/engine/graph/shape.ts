/** A dimension: a number, or the name of one that is known only when the graph runs ("B", "T"). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

/** Number of elements. @throws TypeError when a dimension is symbolic. */
export function elementCount(shape: Shape): number {
  if (!isStatic(shape))
    throw new TypeError(`The shape [${shape.join(', ')}] has symbolic dimensions: its size is not known.`);
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Counts negative axes from the end. @throws RangeError for an axis that the rank does not have. */
export function normaliseAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw new RangeError(`Axis ${axis} does not exist in a tensor of rank ${rank}.`);
  }
  return normal;
}

/**
 * Shape of an element-wise operation, by NumPy's broadcasting rule.
 *
 * @throws TypeError when two dimensions differ and neither is 1. A symbol equals only itself.
 */
export function broadcastShapes(a: Shape, b: Shape): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new TypeError(`[${a.join(', ')}] and [${b.join(', ')}] cannot be broadcast: ${x} is not ${y}.`);
  });
}
