import { writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { DemoState } from '../../src/demo/contract.ts';
import type { EvaluationRow, EvaluationScoreRow, ExampleRow } from '../../src/storage/schema.ts';
import { rowsOf } from './table-rows.ts';
import { differenceLines, matrixLines, outcomeOf, type DemoOutcome } from './outcome.ts';
import { saveReport } from './report.ts';

const SHOWN = ['recall@1', 'recall@5', 'mrr', 'ndcg@10', 'tokenF1', 'citationPrecision', 'refusalAccuracy'];

interface Output {
  seed: number;
  json?: string;
  report: string;
}

/**
 * Prints matrix and differences, and writes report and numbers.
 *
 * @param seconds since the start of all
 * @throws Error with the demonstration's problem when it did not come to its end
 */
export async function finish(page: Page, demo: DemoState, { seed, json, report }: Output, seconds: number) {
  if (demo.state !== 'done') {
    throw new Error(demo.problem ? `${demo.problem.message} ${demo.problem.wayOut}` : 'The demonstration was stopped.');
  }
  const ids = [demo.searchEvaluationId, demo.answerEvaluationId];
  const evaluations = (await rowsOf<EvaluationRow>(page, 'evaluations'))
    .filter(({ id }) => ids.includes(id))
    .sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  const scores = await rowsOf<EvaluationScoreRow>(page, 'evaluationScores');
  const { tables, configurations, differences } = outcomeOf(evaluations, scores);
  const rows = await rowsOf<ExampleRow>(page, 'examples');
  const outcome: DemoOutcome = {
    seed,
    data: {
      documents: (await rowsOf(page, 'documents')).length,
      questions: rows.length,
      train: rows.filter(({ datasetId, split }) => datasetId === demo.trainingSetId && split === 'train').length,
      test: evaluations[0]?.exampleIds.length ?? 0,
    },
    configurations,
    differences,
    timings: { ...demo.timings, total: seconds },
  };
  for (const table of tables) console.log(`\n${matrixLines(table, SHOWN).join('\n')}`);
  console.log(`\n${differenceLines(differences, SHOWN).join('\n')}\n`);
  await saveReport(
    page,
    evaluations.map((evaluation, i) => ({ evaluation, table: tables[i]! })),
    report,
  );
  console.log(`Report: ${report}`);
  if (json === undefined) return;
  await writeFile(json, `${JSON.stringify(outcome, null, 2)}\n`);
  console.log(`Numbers: ${json}`);
}
