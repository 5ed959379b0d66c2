import { describeMetric } from '../metrics/catalogue.ts';
import { holm, SIGNIFICANCE_LEVEL, signFlipP } from '../statistics/significance.ts';
import { pairedChanges, type Column } from './columns.ts';
import type { Cell } from './contract.ts';

/**
 * Configurations that lead a metric: the one with the best mean, and all that these questions cannot tell from it (every
 * other one against the best, Holm's correction over these comparisons). The highest of several figures is often so by
 * chance, and marking it alone would say that it is not.
 *
 * @param cells of the metric
 * @returns in the order of the cells; none where neither more nor less is better, or where no configuration falls behind
 */
export function leaders(
  metric: string,
  cells: readonly Pick<Cell, 'configurationId' | 'mean'>[],
  columns: ReadonlyMap<string, Column>,
): string[] {
  const better = describeMetric(metric)?.better ?? 'neither';
  if (better === 'neither' || cells.length < 2) return [];
  const best = cells.reduce((a, b) => ((better === 'higher' ? b.mean > a.mean : b.mean < a.mean) ? b : a));
  const others = cells.filter((cell) => cell !== best);
  // Rows alike in every question, as rankings under several answer models are, make one comparison (ADR 138).
  const tests = new Map<string, number>();
  const tested = others.map((cell) => {
    const changes = pairedChanges(metric, columns.get(best.configurationId)!, columns.get(cell.configurationId)!);
    const key = changes.some((change) => change !== 0) ? changes.join(' ') : undefined;
    if (key !== undefined && !tests.has(key)) tests.set(key, signFlipP(changes));
    return { cell, key };
  });
  const adjusted = holm([...tests.values()]);
  const clear = new Set([...tests.keys()].filter((_, i) => adjusted[i]! < SIGNIFICANCE_LEVEL));
  const behind = new Set(tested.flatMap(({ cell, key }) => (key !== undefined && clear.has(key) ? [cell] : [])));
  return behind.size === 0
    ? []
    : cells.filter((cell) => !behind.has(cell)).map(({ configurationId }) => configurationId);
}
