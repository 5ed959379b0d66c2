import { paddedDimensions } from './record.ts';

/** A query as the scan takes it: 16-bit components, since the query costs nothing to keep finer than the vectors. */
export interface QueryCode {
  /** [paddedDimensions] */
  codes: Int16Array;
  scale: number;
  /** Length of the query. */
  norm: number;
  /** Length of (query - what the codes stand for). */
  error: number;
}

/** 14 bits and a sign: a lane's sum of products then stays within 32 bits up to 8,192 dimensions. */
const LARGEST_CODE = 16383;

/** @param query [dimensions], of any length. */
export function encodeQuery(query: Float32Array): QueryCode {
  let largest = 0;
  for (const component of query) largest = Math.max(largest, Math.abs(component));
  const scale = Math.fround(largest / LARGEST_CODE);
  const codes = new Int16Array(paddedDimensions(query.length));
  let squaredNorm = 0;
  let squaredError = 0;
  query.forEach((component, i) => {
    const code = scale > 0 ? Math.max(-LARGEST_CODE, Math.min(LARGEST_CODE, Math.round(component / scale))) : 0;
    codes[i] = code;
    squaredNorm += component ** 2;
    squaredError += (component - code * scale) ** 2;
  });
  return { codes, scale, norm: Math.sqrt(squaredNorm), error: Math.sqrt(squaredError) };
}
