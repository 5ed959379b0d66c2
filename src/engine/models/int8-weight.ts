/** A linear layer's weight in bytes: W[o][i] ≈ data[i][o] · scales[o]. */
export interface Int8Weight {
  /** [in, out], the layout that the integer kernels read. */
  data: Int8Array;
  /** [out] */
  scales: Float32Array;
}

/** Rounds a weight [out, in] to signed bytes with a scale per output, symmetric around zero. */
export function quantiseWeight(weight: Float32Array, outFeatures: number, inFeatures: number): Int8Weight {
  const data = new Int8Array(weight.length);
  const scales = new Float32Array(outFeatures);
  for (let out = 0; out < outFeatures; out++) {
    const row = weight.subarray(out * inFeatures, (out + 1) * inFeatures);
    let largest = 0;
    for (const value of row) largest = Math.max(largest, Math.abs(value));
    const scale = largest / 127 || 1;
    scales[out] = scale;
    for (let i = 0; i < inFeatures; i++) data[i * outFeatures + out] = Math.round(row[i]! / scale);
  }
  return { data, scales };
}
