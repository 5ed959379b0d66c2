import type { Value } from '../graph.ts';
import { sameShape, type Shape } from '../shape.ts';

/**
 * Undoes broadcasting for a gradient: sums over the axes that `shape` lacks or has as 1. Emits plain nodes and records
 * nothing: it is used inside gradients only.
 */
export function sumTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const { graph } = x;
  const added = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, i) => (i < added || (shape[i - added] === 1 && dim !== 1) ? [i] : []));
  const kept = x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  const sum = axes.length
    ? graph.emit('ReduceSum', [x, graph.ints(axes)], x.dataType, kept, { attributes: { keepdims: 1 } })
    : x;
  if (added === 0) return sum;
  const leading = graph.ints(Array.from({ length: added }, (_, i) => i));
  return graph.emit('Squeeze', [sum, leading], x.dataType, shape);
}
