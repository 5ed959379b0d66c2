import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { MatrixTable } from '../../src/evaluation/table/contract.ts';
import type { ReportInput } from '../../src/evaluation/report/contract.ts';
import { reportHtml } from '../../src/evaluation/report/html/page.ts';
import type {
  AdapterRow,
  DatasetRow,
  EvaluationRow,
  EvaluationScoreRow,
  ExampleRow,
  RunRow,
} from '../../src/storage/schema.ts';
import { rowsOf } from './table-rows.ts';

/** An evaluation with its table. */
interface Measured {
  evaluation: EvaluationRow;
  table: MatrixTable;
}

/** Writes the app's report of evaluations, from the rows that the app made. */
export async function saveReport(page: Page, measured: readonly Measured[], path: string): Promise<void> {
  const all = await Promise.all([
    rowsOf<EvaluationScoreRow>(page, 'evaluationScores'),
    rowsOf<ExampleRow>(page, 'examples'),
    rowsOf<DatasetRow>(page, 'datasets'),
    rowsOf<AdapterRow>(page, 'adapters'),
    rowsOf<RunRow>(page, 'runs'),
  ]);
  const [scores, examples, datasets, adapters, runs] = all;
  const { name, version } = JSON.parse(await readFile('package.json', 'utf8')) as { name: string; version: string };
  const versions = { [name]: version, Chromium: page.context().browser()?.version() ?? '' };
  const [first, ...further] = measured.map(({ evaluation, table }): ReportInput => ({
    evaluation,
    table,
    scores: scores.filter(({ evaluationId }) => evaluationId === evaluation.id),
    examples: examples.filter(({ id }) => evaluation.exampleIds.includes(id)),
    dataset: datasets.find(({ id }) => id === evaluation.datasetId),
    adapters: adapters.filter(({ id }) => usesAdapter(evaluation, id)),
    runs: runs.filter(({ adapterId }) => adapterId !== undefined && usesAdapter(evaluation, adapterId)),
    versions,
    createdAt: Date.now(),
  }));
  if (first) await writeFile(path, reportHtml(first, ...further));
}

function usesAdapter({ configurations }: EvaluationRow, id: string): boolean {
  return configurations.some(({ embedder, reranker, generator }) =>
    [embedder, reranker, generator].some((model) => model?.adapterId === id),
  );
}
