/** What screens and reports may use of the matrix: pure functions over rows. */
export { allCombinations, configuration, configurationId } from './configurations.ts';
export type { Combinations, NamedModel } from './configurations.ts';
export { differences, summary } from './summary.ts';
export type { ConfigurationSummary, Difference, MetricSummary } from './summary.ts';
