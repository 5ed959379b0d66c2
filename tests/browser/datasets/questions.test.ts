import { beforeEach, expect, test } from 'vitest';
import { callback, WorkerBridge } from '../../../src/bridge/worker-bridge.ts';
import { questionGeneration, type QuestionWorker } from '../../../src/datasets/generation/client.ts';
import type { GenerationProgress } from '../../../src/datasets/generation/contract.ts';
import { searchPassages } from '../../../src/datasets/search-passages.ts';
import { retrieval } from '../../../src/retrieval/client.ts';
import { database } from '../../../src/storage/database.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { writeDocument } from '../../support/library.ts';

const workspaceId = 'questions';
const PASSAGES = [
  'The Harbour Museum was opened on 12 May 1908 by the shipowner Astrid Lund, who gave her collection of 340 ship ' +
    'models to the town. Children under six years enter free of charge, and students pay half of the price.',
  'The lighthouse of Skarv was built in 1871 from granite that was brought by barge from the quarry of Holmen. Its lamp ' +
    'burned whale oil until 1904, when the keeper Jonas Berg replaced it with an electric light of 500 watts.',
  'Herring is salted in barrels of oak for six weeks before it is sold at the market hall. The guild of fishmongers ' +
    'checks every barrel twice, and stamps those that pass with the mark of a crowned fish.',
];

beforeEach(async () => {
  const db = database();
  for (const table of [db.workspaces, db.documents, db.chunks, db.datasets, db.examples, db.generations])
    await table.clear();
  await db.workspaces.add({ id: workspaceId, name: 'Harbour', createdAt: 0, updatedAt: 0, settings: {} });
  for (const [i, text] of PASSAGES.entries())
    await writeDocument(db, workspaceId, { path: `${i}.md`, passages: [{ text, headings: ['Harbour'] }] });
});

const rowsOf = (datasetId: string) => database().examples.where('datasetId').equals(datasetId).sortBy('ordinal');
const saidIn = (rows: readonly ExampleRow[]) => rows.map(({ question, answer }) => `${question} ${answer}`);

/** A worker that the test may kill, as a closed tab kills it: at once and without a word. */
const newWorker = () =>
  new WorkerBridge<QuestionWorker>({
    name: 'question',
    create: () => new Worker(new URL('../../../workers/questions.worker.ts', import.meta.url), { type: 'module' }),
  });

test('the question writer asks about real passages; killed, it goes on as if nothing had been', async () => {
  await retrieval.sync(workspaceId);
  const request = { workspaceId, method: 'writer' as const, settings: { drafts: 4, perPassage: 2 }, seed: 5 };

  const whole = await questionGeneration.create(request);
  let last: GenerationProgress | undefined;
  await questionGeneration.proceed(whole.id, (progress) => (last = progress));
  const rows = await rowsOf(whole.datasetId);
  expect(last).toMatchObject({ stage: 'Writing questions', done: 3, total: 3, kept: rows.length });
  expect(rows.length).toBeGreaterThanOrEqual(3);
  for (const row of rows) {
    const { start, end } = row.evidence!;
    expect(row.question).toMatch(/\?$/);
    expect(row.passage.slice(start, end)).toContain(row.answer);
    expect(row.thought).toContain(row.answer);
    expect(row.provenance).toMatchObject({ origin: 'writer', seed: 5 });
  }
  const { tokens, drafts } = (await database().generations.get(whole.id))!;
  expect(drafts).toBe(12);
  expect(Math.min(tokens.prompt, tokens.output)).toBeGreaterThan(12);

  // The same once more; its worker dies while it reads the second passage.
  const cut = await questionGeneration.create(request);
  const search = callback(searchPassages(retrieval, workspaceId));
  const first = newWorker();
  const killAtSecond = callback(({ done, stage }: GenerationProgress) => {
    if (done === 1 && stage === 'Writing questions') first.stop();
  });
  await expect(first.call((remote) => remote.proceed(cut.id, killAtSecond, search))).rejects.toMatchObject({
    code: 'worker/stopped',
  });
  expect(await database().generations.get(cut.id)).toMatchObject({ state: 'running', next: 1 });
  const second = newWorker();
  await second.call((remote) => remote.proceed(cut.id, undefined, search));
  second.stop();
  expect(saidIn(await rowsOf(cut.datasetId))).toEqual(saidIn(rows));
});
