import type { QueryCode } from './query-code.ts';
import { readRecord, recordBytes } from './record.ts';

/**
 * The plain version of the scan in scan.wat, in float64: bounds of query · vector for every record.
 *
 * With x the vector, x' what its codes stand for, q and q' likewise: x·q = x'·q' + (x - x')·q + x'·(q - q'), and by
 * Cauchy-Schwarz the last two terms are at most |x - x'| |q| + |x'| |q - q'|, with |x'| <= 1 + |x - x'| for unit x.
 *
 * @param records [count, recordBytes(dimensions)]
 * @param allowed [count], 0 excludes a record.
 */
export function scanReference(
  records: Uint8Array,
  dimensions: number,
  query: QueryCode,
  allowed: Uint8Array,
): { lower: Float64Array; upper: Float64Array } {
  const stride = recordBytes(dimensions);
  const lower = new Float64Array(allowed.length).fill(-Infinity);
  const upper = new Float64Array(allowed.length).fill(-Infinity);
  for (let i = 0; i < allowed.length; i++) {
    if (!allowed[i]) continue;
    const { scale, error, codes } = readRecord(records.subarray(i * stride, (i + 1) * stride), dimensions);
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += codes[d]! * query.codes[d]!;
    const margin = error * query.norm + (1 + error) * query.error;
    lower[i] = sum * scale * query.scale - margin;
    upper[i] = sum * scale * query.scale + margin;
  }
  return { lower, upper };
}
