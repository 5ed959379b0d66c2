import type { EvaluationScoreRow, PipelineConfiguration } from '../../storage/schema.ts';
import { bootstrapMean } from '../metrics/bootstrap.ts';
import { describeMetric, inCatalogueOrder } from '../metrics/catalogue.ts';
import { holm, SIGNIFICANCE_LEVEL, signFlipP } from '../statistics/significance.ts';
import { pairedChanges, type Column } from './columns.ts';
import type { Cell, Difference, MatrixTable } from './contract.ts';
import { leaders } from './leaders.ts';

type Scored = Pick<EvaluationScoreRow, 'configurationId' | 'exampleId' | 'scores'>;

/**
 * The matrix of an evaluation from its rows of scores. A difference is taken over the questions that both configurations
 * have a value for. A quarter of a second for 8 configurations, 20 metrics and 200 questions: a worker's work.
 *
 * @param configurations in the order of the table; the first one is what the others are compared with
 */
export function matrixTable(configurations: readonly PipelineConfiguration[], rows: readonly Scored[]): MatrixTable {
  const columns = new Map(configurations.map(({ id }) => [id, new Map<string, Scored['scores']>()]));
  for (const { configurationId, exampleId, scores } of rows) columns.get(configurationId)?.set(exampleId, scores);
  const metrics = inCatalogueOrder(rows.flatMap(({ scores }) => Object.keys(scores)));
  const pairs = comparedPairs(configurations);
  const byId = new Map(configurations.map((configuration) => [configuration.id, configuration]));
  const cells = configurations.flatMap(({ id }) => metrics.flatMap((metric) => cell(id, metric, columns.get(id)!)));
  const cellsOf = (key: string) => cells.filter(({ metric }) => metric === key);
  return {
    configurations: [...configurations],
    metrics,
    cells,
    leaders: Object.fromEntries(metrics.map((metric) => [metric, leaders(metric, cellsOf(metric), columns)])),
    differences: metrics.flatMap((metric) => differencesIn(metric, pairs, columns, byId)),
  };
}

/** Whether one part, and no other, is another model or carries another adapter. */
export function changedPart(
  a: PipelineConfiguration,
  b: PipelineConfiguration,
): 'embedder' | 'reranker' | 'generator' | undefined {
  const changed = (['embedder', 'reranker', 'generator'] as const).filter((part) => {
    const [x, y] = [a[part], b[part]];
    return (
      x?.modelId !== y?.modelId ||
      (x?.adapterId ?? null) !== (y?.adapterId ?? null) ||
      (x?.engine ?? 'local') !== (y?.engine ?? 'local')
    );
  });
  return changed.length === 1 ? changed[0] : undefined;
}

function comparedPairs(configurations: readonly PipelineConfiguration[]): [from: string, to: string][] {
  return configurations.flatMap((from, i) =>
    configurations
      .slice(i + 1)
      .filter((to) => i === 0 || changedPart(from, to))
      .map((to): [string, string] => [from.id, to.id]),
  );
}

function cell(configurationId: string, metric: string, column: Column): Cell[] {
  const values = [...column.values()].flatMap((scores) => scores[metric] ?? []);
  return values.length === 0 ? [] : [{ configurationId, metric, n: values.length, ...bootstrapMean(values) }];
}

function differencesIn(
  metric: string,
  pairs: readonly [from: string, to: string][],
  columns: ReadonlyMap<string, Column>,
  byId: ReadonlyMap<string, PipelineConfiguration>,
): Difference[] {
  const tested = pairs.flatMap(([from, to]) => {
    const changes = pairedChanges(metric, columns.get(from)!, columns.get(to)!);
    if (changes.length === 0) return [];
    return [{ from, to, metric, n: changes.length, ...bootstrapMean(changes), p: signFlipP(changes) }];
  });
  const adjusted = holmOnce(
    tested.map(({ from, to, p }) => ({ p, what: comparisonOf(metric, byId.get(from)!, byId.get(to)!) })),
  );
  return tested.map((difference, i) => ({
    ...difference,
    adjustedP: adjusted[i]!,
    significant: adjusted[i]! < SIGNIFICANCE_LEVEL,
  }));
}

/**
 * Names what a pair compares. No ranking depends on the answer model: two pairs that differ in nothing else are one
 * comparison, and a pair that changes the answer model alone is none.
 */
function comparisonOf(metric: string, from: PipelineConfiguration, to: PipelineConfiguration): string | undefined {
  const ranking = describeMetric(metric)?.group === 'retrieval';
  const name = ({ embedder, reranker, generator }: PipelineConfiguration) =>
    JSON.stringify([embedder, reranker, ...(ranking ? [] : [generator])]);
  return name(from) === name(to) ? undefined : `${name(from)} ${name(to)}`;
}

/** Holm's correction where the same comparison may come several times: it is one chance of a false finding. */
function holmOnce(tests: readonly { p: number; what: string | undefined }[]): number[] {
  const distinct = new Map(tests.flatMap(({ p, what }): [string, number][] => (what === undefined ? [] : [[what, p]])));
  const names = [...distinct.keys()];
  const adjusted = holm([...distinct.values()]);
  return tests.map(({ what }) => (what === undefined ? 1 : adjusted[names.indexOf(what)]!));
}
