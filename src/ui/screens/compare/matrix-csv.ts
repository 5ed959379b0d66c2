import type { MatrixTable } from '../../../evaluation/table/contract.ts';
import { changesAgainst } from './changes.ts';
import type { PartWords } from './configuration-words.ts';

/** The table as shown, with intervals and differences to the row `base`, for a spreadsheet: full precision, a dot for the decimals. */
export function matrixAsCsv(
  table: MatrixTable,
  metrics: readonly string[],
  parts: ReadonlyMap<string, readonly PartWords[]>,
  base = table.configurations[0]?.id ?? '',
): string {
  const { configurations, cells } = table;
  const changes = changesAgainst(table, base);
  const head = ['search', 'ranking', 'answers'].concat(
    metrics.flatMap((metric) => [
      metric,
      `${metric} low`,
      `${metric} high`,
      `${metric} n`,
      `${metric} difference`,
      `${metric} p`,
    ]),
  );
  const rows = configurations.map(({ id }) => [
    ...(parts.get(id) ?? []).map(({ title }) => title),
    ...metrics.flatMap((metric) => {
      const cell = cells.find((one) => one.configurationId === id && one.metric === metric);
      const change = changes.find((one) => one.to === id && one.metric === metric);
      return [cell?.mean, cell?.low, cell?.high, cell?.n, change?.mean, change?.adjustedP];
    }),
  ]);
  return [head, ...rows].map((row) => row.map(field).join(',')).join('\n') + '\n';
}

function field(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
