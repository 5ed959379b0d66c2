import type { Difference, MatrixTable } from '../../../evaluation/table/contract.ts';

/**
 * Differences of the other rows to one of them. All are known to the first row; to another one those of rows that differ
 * from it in one part alone.
 */
export function changesAgainst({ differences }: Pick<MatrixTable, 'differences'>, base: string): Difference[] {
  return differences.flatMap((change) =>
    change.from === base ? [change] : change.to === base ? [turned(change)] : [],
  );
}

/** The same difference seen from the other end. */
function turned({ from, to, mean, low, high, ...rest }: Difference): Difference {
  return { ...rest, from: to, to: from, mean: -mean, low: -high, high: -low };
}
