import type { MatrixTable } from '../../src/evaluation/table/contract.ts';
import { matrixTable } from '../../src/evaluation/table/matrix-table.ts';
import type { EvaluationRow, EvaluationScoreRow, PipelineModel } from '../../src/storage/schema.ts';

type Variant = 'none' | 'base' | 'tuned';

export interface Measured {
  value: number;
  low: number;
  high: number;
  n: number;
}

/** A row of the matrix as the JSON file has it. */
export interface ConfigurationOutcome {
  name: string;
  embedder: Variant;
  reranker: Variant;
  generator: Variant;
  metrics: Record<string, Measured>;
}

export interface DifferenceOutcome extends Measured {
  metric: string;
  from: string;
  to: string;
  /** Of the sign-flip test, after Holm's correction. */
  p: number;
  significant: boolean;
}

export interface DemoOutcome {
  seed: number;
  data: { documents: number; questions: number; train: number; test: number };
  configurations: ConfigurationOutcome[];
  differences: DifferenceOutcome[];
  /** Seconds by step. */
  timings: Record<string, number>;
}

/** Matrix and differences of evaluations, in the shape of the JSON file. */
export function outcomeOf(
  evaluations: readonly EvaluationRow[],
  scores: readonly EvaluationScoreRow[],
): Pick<DemoOutcome, 'configurations' | 'differences'> & { tables: MatrixTable[] } {
  const tables = evaluations.map(({ id, configurations }) =>
    matrixTable(
      configurations,
      scores.filter(({ evaluationId }) => evaluationId === id),
    ),
  );
  return {
    tables,
    configurations: tables.flatMap((table) =>
      table.configurations.map(({ id, name, embedder, reranker, generator }) => ({
        name,
        embedder: variant(embedder),
        reranker: variant(reranker),
        generator: variant(generator),
        metrics: Object.fromEntries(
          table.cells
            .filter(({ configurationId }) => configurationId === id)
            .map(({ metric, mean, low, high, n }) => [metric, { value: mean, low, high, n }]),
        ),
      })),
    ),
    differences: tables.flatMap((table) => {
      const names = new Map(table.configurations.map(({ id, name }) => [id, name]));
      return table.differences.map(({ metric, from, to, mean, low, high, n, adjustedP, significant }) => ({
        metric,
        from: names.get(from)!,
        to: names.get(to)!,
        value: mean,
        low,
        high,
        n,
        p: adjustedP,
        significant,
      }));
    }),
  };
}

function variant(model: PipelineModel | null): Variant {
  if (!model) return 'none';
  return model.adapterId ? 'tuned' : 'base';
}

/** The matrix as lines of text, a configuration each. */
export function matrixLines(table: MatrixTable, metrics: readonly string[]): string[] {
  const shown = metrics.filter((metric) => table.metrics.includes(metric));
  const rows = table.configurations.map(({ id, name }) => [
    name,
    ...shown.map((metric) => {
      const cell = table.cells.find((one) => one.configurationId === id && one.metric === metric);
      return cell ? `${digits(cell.mean)} [${digits(cell.low)}, ${digits(cell.high)}]` : '';
    }),
  ]);
  const all = [['configuration', ...shown], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

/** Changes that are more than chance, a line each. */
export function differenceLines(differences: readonly DifferenceOutcome[], metrics: readonly string[]): string[] {
  return differences
    .filter(({ metric }) => metrics.includes(metric))
    .map(({ metric, from, to, value, low, high, n, significant }) => {
      const sign = value >= 0 ? '+' : '';
      const verdict = significant ? '' : ', may be chance';
      return `${metric}: ${from} -> ${to}: ${sign}${digits(value)} [${digits(low)}, ${digits(high)}], n ${n}${verdict}`;
    });
}

const digits = (value: number) => value.toFixed(3);
