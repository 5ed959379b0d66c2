type Floats = Float32Array | Float64Array;

/**
 * x [n, k] times the transpose of y [m, k] -> [n, m], in double. Four columns at a time: one sum alone would wait for
 * its own last addition.
 */
export function timesTransposed(x: Floats, y: Floats, k: number): Float64Array {
  const n = x.length / k;
  const m = y.length / k;
  const out = new Float64Array(n * m);
  for (let j = 0; j < m; j += 4) {
    const p0 = j * k;
    // The last columns are computed more than once where m is no multiple of four.
    const p1 = Math.min(j + 1, m - 1) * k;
    const p2 = Math.min(j + 2, m - 1) * k;
    const p3 = Math.min(j + 3, m - 1) * k;
    for (let i = 0; i < n; i++) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let l = 0, at = i * k; l < k; l++, at++) {
        const value = x[at]!;
        s0 += value * y[p0 + l]!;
        s1 += value * y[p1 + l]!;
        s2 += value * y[p2 + l]!;
        s3 += value * y[p3 + l]!;
      }
      const to = i * m + j;
      out[to] = s0;
      if (j + 1 < m) out[to + 1] = s1;
      if (j + 2 < m) out[to + 2] = s2;
      if (j + 3 < m) out[to + 3] = s3;
    }
  }
  return out;
}

/** x [n, k] -> [k, n] */
export function transposed(x: Floats, k: number): Float64Array {
  const n = x.length / k;
  const out = new Float64Array(x.length);
  for (let i = 0; i < n; i++) for (let l = 0; l < k; l++) out[l * n + i] = x[i * k + l]!;
  return out;
}
