import type { RunPointRow, RunRow } from '../../../storage/schema.ts';

/** A run's log as files that other programs read. */

const COLUMNS = [
  'step',
  'kind',
  'loss',
  'learningRate',
  'gradientNorm',
  'tokensPerSecond',
  'seconds',
  'score',
] as const satisfies readonly (keyof RunPointRow)[];

/** JSON lines: the run itself first, then one line per step or validation. */
export function logAsJsonLines(run: RunRow, points: readonly RunPointRow[]): string {
  const rest = inOrder(points).map(({ runId: _, ...point }) => point);
  return [{ kind: 'run', ...run }, ...rest].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** A table of steps and validations; further figures of validations get columns of their own. */
export function logAsCsv(points: readonly RunPointRow[]): string {
  const figures = [...new Set(points.flatMap((point) => Object.keys(point.figures ?? {})))].sort();
  const rows = inOrder(points).map((point) => [
    ...COLUMNS.map((column) => point[column]),
    ...figures.map((name) => point.figures?.[name]),
  ]);
  return [[...COLUMNS, ...figures], ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function inOrder(points: readonly RunPointRow[]): RunPointRow[] {
  return points.toSorted((a, b) => a.step - b.step || (a.kind === 'step' ? -1 : 1));
}

/** RFC 4180; a figure's name may hold anything. */
function cell(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
