import type { AttuneDatabase } from '../../storage/database.ts';
import type { EvaluationRow, EvaluationScoreRow } from '../../storage/schema.ts';
import { priceTable } from '../costs/hosted-cost.ts';
import { PRICES_SETTING } from '../settings.ts';
import type { ReportInput } from '../report/contract.ts';
import { reportCsv, reportJson } from '../report/data.ts';
import { reportHtml } from '../report/html/page.ts';
import { reportMarkdown } from '../report/markdown.ts';
import { matrixTable } from '../table/matrix-table.ts';
import type { ReportFile, ReportForm } from './contract.ts';

const FORMS: Record<ReportForm, { ending: string; type: string; write: (input: ReportInput) => string }> = {
  html: { ending: 'html', type: 'text/html', write: reportHtml },
  markdown: { ending: 'md', type: 'text/markdown', write: reportMarkdown },
  csv: { ending: 'csv', type: 'text/csv', write: reportCsv },
  json: { ending: 'json', type: 'application/json', write: reportJson },
};

/** Everything that a report tells, out of the database; what was deleted since is left out. */
export async function reportInput(
  db: AttuneDatabase,
  evaluation: EvaluationRow,
  scores: readonly EvaluationScoreRow[],
  versions: Readonly<Record<string, string>>,
): Promise<ReportInput> {
  const { configurations, datasetId, exampleIds } = evaluation;
  const adapterIds = new Set(
    configurations.flatMap(({ embedder, reranker, generator }) =>
      [embedder, reranker, generator].flatMap((part) => part?.adapterId ?? []),
    ),
  );
  const [examples, dataset, adapters, prices] = await Promise.all([
    db.examples.bulkGet(exampleIds),
    db.datasets.get(datasetId),
    db.adapters.bulkGet([...adapterIds]),
    db.settings.get(PRICES_SETTING),
  ]);
  const known = adapters.filter((row) => row !== undefined);
  const runs = await db.runs.bulkGet(known.flatMap(({ runId }) => runId ?? []));
  return {
    ...{ evaluation, scores, versions, createdAt: Date.now() },
    table: matrixTable(configurations, scores),
    examples: examples.filter((row) => row !== undefined),
    ...(dataset && { dataset }),
    adapters: known,
    runs: runs.filter((row) => row !== undefined),
    ...(prices && { prices: priceTable(prices.value) }),
  };
}

export function reportFile(form: ReportForm, input: ReportInput): ReportFile {
  const { ending, type, write } = FORMS[form];
  // Without the characters that some file system forbids.
  const name = input.evaluation.name.replace(/[\\/:*?"<>|\p{Cc}]/gu, ' ').trim() || 'comparison';
  return { name: `${name}.${ending}`, blob: new Blob([write(input)], { type }) };
}
