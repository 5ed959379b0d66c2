import type { EvaluationScoreRow } from '../../storage/schema.ts';
import { bootstrapMean } from '../metrics/bootstrap.ts';

/** A mean over questions with its 95 % interval. */
export interface MetricSummary {
  value: number;
  low: number;
  high: number;
  /** Questions that it is the mean of: a metric that does not apply to a question is absent there. */
  n: number;
}

/** One row of the matrix. */
export interface ConfigurationSummary {
  configurationId: string;
  questions: number;
  metrics: Record<string, MetricSummary>;
  /** Questions by what went wrong; those that went right are not counted. */
  failures: Record<NonNullable<EvaluationScoreRow['failure']>, number>;
  /** Means of what was measured, scaled to 1,000 questions; absent where nothing was. */
  per1000: { seconds?: number; promptTokens?: number; outputTokens?: number };
  /** Means. */
  tokensPerSecond?: number;
  secondsToFirstToken?: number;
}

type Scored = Pick<EvaluationScoreRow, 'configurationId' | 'exampleId' | 'scores' | 'failure' | 'cost'>;

/** The matrix's rows, in the order in which the configurations appear among the scores. */
export function summary(rows: readonly Scored[]): ConfigurationSummary[] {
  return [...byConfiguration(rows)].map(([configurationId, own]) => ({
    configurationId,
    questions: own.length,
    metrics: Object.fromEntries(metricsOf(own).map((metric) => [metric, summarise(valuesOf(own, metric))])),
    failures: failuresOf(own),
    ...costsOf(own),
  }));
}

function summarise(values: readonly number[]): MetricSummary {
  const { mean, low, high } = bootstrapMean(values);
  return { value: mean, low, high, n: values.length };
}

function costsOf(
  rows: readonly Scored[],
): Pick<ConfigurationSummary, 'per1000' | 'tokensPerSecond' | 'secondsToFirstToken'> {
  const costs = rows.flatMap(({ cost }) => cost ?? []);
  const average = (of: (cost: NonNullable<Scored['cost']>) => number | undefined) => {
    const known = costs.flatMap((cost) => of(cost) ?? []);
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
  };
  const per1000 = {
    seconds: average(({ searchSeconds, rerankSeconds, answerSeconds }) => {
      const parts = [searchSeconds, rerankSeconds, answerSeconds].filter((part) => part !== undefined);
      return parts.length > 0 ? parts.reduce((sum, part) => sum + part, 0) : undefined;
    }),
    promptTokens: average(({ promptTokens }) => promptTokens),
    outputTokens: average(({ outputTokens }) => outputTokens),
  };
  const thousandfold = Object.entries(per1000).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value * 1000] as const],
  );
  const tokensPerSecond = average((cost) => cost.tokensPerSecond);
  const secondsToFirstToken = average(({ firstTokenSeconds }) => firstTokenSeconds);
  return {
    per1000: Object.fromEntries(thousandfold),
    ...(tokensPerSecond !== undefined && { tokensPerSecond }),
    ...(secondsToFirstToken !== undefined && { secondsToFirstToken }),
  };
}

function failuresOf(rows: readonly Scored[]): ConfigurationSummary['failures'] {
  const counts = { notRetrieved: 0, rankedLow: 0, wrongFromRight: 0, unsupported: 0, refused: 0 };
  for (const { failure } of rows) if (failure) counts[failure]++;
  return counts;
}

function metricsOf(rows: readonly Scored[]): string[] {
  return [...new Set(rows.flatMap(({ scores }) => Object.keys(scores)))];
}

function valuesOf(rows: readonly Scored[], metric: string): number[] {
  return rows.flatMap(({ scores }) => scores[metric] ?? []);
}

function byConfiguration(rows: readonly Scored[]): Map<string, Scored[]> {
  const groups = new Map<string, Scored[]>();
  for (const row of rows) {
    const group = groups.get(row.configurationId);
    if (group) group.push(row);
    else groups.set(row.configurationId, [row]);
  }
  return groups;
}
