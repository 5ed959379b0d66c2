/** One measurement against a peer, both taken in the same run on the same machine. */
export interface BenchRow {
  name: string;
  ours: number;
  peer: number;
  peerName: string;
  unit: string;
  /** How many times better ours is: above 1 is better, whichever direction counts. */
  ratio: number;
  better: 'higher' | 'lower';
}

/** A row with its ratio; the only place where its direction is decided. */
export function benchRow(row: Omit<BenchRow, 'ratio'>): BenchRow {
  return { ...row, ratio: row.better === 'higher' ? row.ours / row.peer : row.peer / row.ours };
}
