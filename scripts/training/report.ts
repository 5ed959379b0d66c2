import { bootstrapMean, type Interval } from '../../src/evaluation/metrics/bootstrap.ts';

/** `0.490 [0.441, 0.538]`. */
export function interval(values: readonly number[]): string {
  const { mean, low, high } = bootstrapMean(values);
  return `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

/** `+0.012 [-0.020, +0.043]`. */
export function signedInterval({ mean, low, high }: Interval): string {
  const signed = (value: number) => (value < 0 ? '' : '+') + value.toFixed(3);
  return `${signed(mean)} [${signed(low)}, ${signed(high)}]`;
}

/** Prints rows as a Markdown table, so that they can be kept as they are. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'));
}
