import { AttuneError } from '../errors/attune-error.ts';
import { SAMPLE_LICENCE } from '../datasets/samples.ts';
import type { CheckedQuestions, DemoState } from './contract.ts';
import { asError } from './documents.ts';
import type { StepContext } from './services.ts';
import { unbroken, waitFor } from './wait.ts';

/** Writes questions to learn from and has them checked, unless a data set is named, and finds those to be tested with. */
export async function readyQuestions(demo: DemoState, context: StepContext): Promise<void> {
  const { datasetId } = demo.options;
  if (datasetId !== undefined) {
    await context.keep({ trainingSetId: datasetId, testSetId: datasetId });
    return;
  }
  const trainingSetId = demo.trainingSetId ?? (await writtenQuestions(demo, context));
  await context.keep({ trainingSetId });
  if (!demo.checked) await context.keep({ checked: await checkWritten(demo.workspaceId, trainingSetId, context) });
  await context.keep({ testSetId: (await sampleTest(demo, context)) ?? trainingSetId });
}

async function writtenQuestions(demo: DemoState, { services, keep, signal }: StepContext): Promise<string> {
  const { db } = services;
  const { passages, seed } = demo.options;
  let id = await unbroken(demo.generationId, (known) => db.generations.get(known));
  if (id === undefined) {
    id = await services.generate({
      workspaceId: demo.workspaceId,
      name: 'Written for the demonstration',
      method: 'writer',
      settings: { passages },
      seed,
    });
    await keep({ generationId: id });
  }
  const row = await waitFor(
    () => db.generations.get(id),
    (generation) => generation === undefined || ['done', 'failed', 'cancelled'].includes(generation.state),
    signal,
  );
  if (row?.state !== 'done') throw asError(row?.problem, 'Writing the questions was cancelled.');
  if (row.kept > 0) return row.datasetId;
  throw noQuestions();
}

/** The writer drops what is no question; the rules also know whether a search finds its passage, and what gives away a test. */
async function checkWritten(
  workspaceId: string,
  datasetId: string,
  { services, signal }: StepContext,
): Promise<CheckedQuestions> {
  const { rules, counts } = await services.check(workspaceId, datasetId, signal);
  const kept = counts.train + counts.validation + counts.test;
  if (kept === 0) throw noQuestions();
  const removed = Object.entries(rules).map(([rule, count]) => [rule, count.removed] as const);
  return { kept, removed: Object.fromEntries(removed.filter(([, count]) => count > 0)) };
}

function noQuestions(): AttuneError {
  return new AttuneError(
    'demo/no-questions',
    'No question that was written passed the checks.',
    'Import questions of your own under Data sets, or add documents with more running text.',
  );
}

/** What people asked about the samples, all of it for the test; undefined where the samples are not there. */
async function sampleTest(demo: DemoState, { services }: StepContext): Promise<string | undefined> {
  if (demo.testSetId !== undefined) return demo.testSetId;
  const file = await services.sampleQuestions().catch(() => undefined);
  if (!file) return undefined;
  const rows = (await file.text()).split('\n').filter((line) => line.trim() !== '');
  const test = rows.map((line) => JSON.stringify({ ...(JSON.parse(line) as object), split: 'test' }));
  const imported = await services
    .importDataset(demo.workspaceId, new File([test.join('\n')], file.name), {
      name: 'Asked by people about the samples',
      licence: SAMPLE_LICENCE,
    })
    .catch(() => undefined);
  return imported?.datasetId;
}
