import { describeMetric } from '../metrics/catalogue.ts';
import type { MatrixTable } from '../table/contract.ts';

/** Configurations with the best mean of a metric; none where neither more nor less is better or all are alike. */
export function bestIn({ cells, configurations }: MatrixTable, metric: string): string[] {
  const better = describeMetric(metric)?.better ?? 'neither';
  const own = cells.filter((cell) => cell.metric === metric);
  if (better === 'neither' || own.length < 2) return [];
  const means = own.map(({ mean }) => mean);
  const best = better === 'higher' ? Math.max(...means) : Math.min(...means);
  const ids = own.filter(({ mean }) => Math.abs(mean - best) < 1e-12).map(({ configurationId }) => configurationId);
  return ids.length < Math.min(own.length, configurations.length) ? ids : [];
}
