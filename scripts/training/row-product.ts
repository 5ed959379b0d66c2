/** Inner product of two rows of matrices of one width. */
export function rowProduct(a: Float32Array, row: number, b: Float32Array, other: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += a[row * width + d]! * b[other * width + d]!;
  return sum;
}
