/**
 * The demonstration from the command line: drives the real app in Chromium from documents to the matrix of base and
 * tuned models, and prints it. `npm run demo -- --help` says with which options. Exits non-zero on any failure.
 */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EvaluationRow, EvaluationScoreRow, ExampleRow } from '../src/storage/schema.ts';
import { demoArguments, USAGE } from './demo/arguments.ts';
import { openApp, tableRows } from './demo/browser.ts';
import { askedIds, readDocuments, readQuestions, sampleDocuments } from './demo/inputs.ts';
import { differenceLines, matrixLines, outcomeOf, type DemoOutcome } from './demo/outcome.ts';
import { saveReport } from './demo/report.ts';
import { addDocuments, addQuestions, showMe } from './demo/walk.ts';
import { buildIfChanged } from './setup/build.mjs';
import { ensureChromium } from './setup/chromium.mjs';

const SHOWN = ['recall@1', 'recall@5', 'mrr', 'ndcg@10', 'tokenF1', 'citationPrecision', 'refusalAccuracy'];
const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (process.argv.includes('--help')) console.log(USAGE);
else await main().catch(fail);

async function main(): Promise<void> {
  const args = demoArguments(process.argv.slice(2));
  const known = args.docs === undefined ? undefined : readDocuments(args.docs);
  const asked = args.questions === undefined ? new Set<string>() : askedIds(args.questions);
  const documents = known && sampleDocuments(known, asked, args.maxDocuments, args.seed);
  const questions = args.questions !== undefined && documents ? readQuestions(args.questions, documents) : undefined;

  process.env.ATTUNE_CHROMIUM = await ensureChromium();
  await buildIfChanged({ root });
  const began = performance.now();
  const app = await openApp(root, args.engine, args.headed);
  try {
    const { page } = app;
    if (documents) {
      console.log(`${documents.size} documents`);
      await addDocuments(page, documents.values());
    }
    const dataset = questions && (await addQuestions(page, questions, args));
    const demo = await showMe(page, args, dataset, (line) => console.log(`  ${line}`));
    if (demo.state !== 'done') {
      throw new Error(
        demo.problem ? `${demo.problem.message} ${demo.problem.wayOut}` : 'The demonstration was stopped.',
      );
    }

    const ids = [demo.searchEvaluationId, demo.answerEvaluationId];
    const evaluations = (await tableRows<EvaluationRow>(page, 'evaluations')).filter(({ id }) => ids.includes(id));
    evaluations.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    const { tables, configurations, differences } = outcomeOf(
      evaluations,
      await tableRows<EvaluationScoreRow>(page, 'evaluationScores'),
    );
    const rows = await tableRows<ExampleRow>(page, 'examples');
    const count = (datasetId: string | undefined, split: ExampleRow['split']) =>
      rows.filter((row) => row.datasetId === datasetId && row.split === split).length;
    const outcome: DemoOutcome = {
      seed: args.seed,
      data: {
        documents: (await tableRows(page, 'documents')).length,
        questions: rows.length,
        train: count(demo.trainingSetId, 'train'),
        test: evaluations[0]?.exampleIds.length ?? 0,
      },
      configurations,
      differences,
      timings: { ...demo.timings, total: (performance.now() - began) / 1000 },
    };

    for (const table of tables) console.log(`\n${matrixLines(table, SHOWN).join('\n')}`);
    console.log(`\n${differenceLines(differences, SHOWN).join('\n')}\n`);
    await saveReport(page, evaluations.at(-1)!, tables.at(-1)!, args.report);
    console.log(`Report: ${args.report}`);
    if (args.json !== undefined) {
      await writeFile(args.json, `${JSON.stringify(outcome, null, 2)}\n`);
      console.log(`Numbers: ${args.json}`);
    }
    if (app.errors.length > 0) throw new Error(`The page reported an error: ${app.errors[0]!.message}`);
  } finally {
    await app.close();
  }
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
