/** A vector at length 1, and how a gradient by it becomes one by the vector itself. */
export interface UnitVector {
  unit: Float64Array;
  /** Adds (g - (g·unit) unit) / length to `out` from `at` on. */
  pullBack(gradient: Float64Array, out: Float64Array | Float32Array, at: number): void;
}

/** Vectors shorter than this are divided by it, as in PyTorch's `normalize`. */
const SHORTEST = 1e-12;

/** Normalises `size` numbers from `at` on. */
export function unitVector(vectors: Float32Array, at: number, size: number): UnitVector {
  let squares = 0;
  for (let i = 0; i < size; i++) squares += vectors[at + i]! ** 2;
  const length = Math.max(Math.sqrt(squares), SHORTEST);
  const unit = Float64Array.from({ length: size }, (_, i) => vectors[at + i]! / length);
  return {
    unit,
    pullBack(gradient, out, to) {
      let along = 0;
      for (let i = 0; i < size; i++) along += gradient[i]! * unit[i]!;
      for (let i = 0; i < size; i++) out[to + i]! += (gradient[i]! - along * unit[i]!) / length;
    },
  };
}
