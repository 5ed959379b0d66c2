import type { Cell, Difference, MatrixTable } from './contract.ts';

export function cellOf(table: MatrixTable, configurationId: string, metric: string): Cell | undefined {
  return table.cells.find((cell) => cell.configurationId === configurationId && cell.metric === metric);
}

/** The difference between two configurations, turned round where the table has it the other way. */
export function differenceOf(table: MatrixTable, from: string, to: string, metric: string): Difference | undefined {
  for (const difference of table.differences) {
    if (difference.metric !== metric) continue;
    if (difference.from === from && difference.to === to) return difference;
    if (difference.from === to && difference.to === from) {
      const { mean, low, high } = difference;
      // 0 - x, not -x: no negative zero.
      return { ...difference, from, to, mean: 0 - mean, low: 0 - high, high: 0 - low };
    }
  }
  return undefined;
}
