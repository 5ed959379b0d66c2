/** What screens and scripts may use of the matrix: pure functions. Its table is made by `table/matrix-table.ts`. */
export { allCombinations, configuration, configurationId } from './configurations.ts';
export type { Combinations, NamedModel } from './configurations.ts';
