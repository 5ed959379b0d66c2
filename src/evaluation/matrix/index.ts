/**
 * What screens and scripts may use of the matrix: pure functions. Differences between configurations, tested, are in
 * `table/matrix-table.ts`.
 */
export { allCombinations, configuration, configurationId } from './configurations.ts';
export type { Combinations, NamedModel } from './configurations.ts';
export type { ConfigurationSummary, MetricSummary } from './summary.ts';
