import type { EvaluationScoreRow, PipelineConfiguration } from '../../storage/schema.ts';
import { ANSWERED, FOUND } from '../advice/steps.ts';
import { inCatalogueOrder } from '../metrics/catalogue.ts';
import type { Column } from './columns.ts';
import type { Headline } from './contract.ts';
import { leaders } from './leaders.ts';

type Scored = Pick<EvaluationScoreRow, 'configurationId' | 'exampleId' | 'scores'>;

/**
 * An evaluation in one line: its best configuration by the metric that counts most, answers before what was found. Means
 * only and one metric tested, so it costs a hundredth of the whole table.
 *
 * @returns undefined where none of these metrics was measured
 */
export function headline(
  configurations: readonly PipelineConfiguration[],
  rows: readonly Scored[],
): Headline | undefined {
  const columns = new Map(configurations.map(({ id }) => [id, new Map<string, Scored['scores']>()]));
  for (const { configurationId, exampleId, scores } of rows) columns.get(configurationId)?.set(exampleId, scores);
  const measured = [...columns.values()].flatMap((column) => [...column.values()].flatMap(Object.keys));
  const metrics = inCatalogueOrder(measured);
  const metric = [...ANSWERED, ...FOUND].find((key) => metrics.includes(key));
  if (metric === undefined) return undefined;
  const cells = configurations.flatMap(({ id }) => {
    const { mean, n } = meanOf(columns.get(id)!, metric);
    return n > 0 ? [{ configurationId: id, mean, n }] : [];
  });
  const best = cells.reduce((a, b) => (b.mean > a.mean ? b : a));
  const leading = leaders(metric, cells, columns).length;
  return {
    ...{ metric, configurationId: best.configurationId, value: best.mean, n: best.n },
    // No configuration falls behind: all are as good.
    asGood: (leading || cells.length) - 1,
    means: Object.fromEntries(
      metrics.flatMap((key) => {
        const { mean, n } = meanOf(columns.get(best.configurationId)!, key);
        return n > 0 ? [[key, mean]] : [];
      }),
    ),
  };
}

function meanOf(column: Column, metric: string): { mean: number; n: number } {
  const values = [...column.values()].flatMap((scores) => scores[metric] ?? []);
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, n: values.length };
}
