import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { cardOfRun } from '../../../src/training/adapter-card.ts';
import { request, setUpTraining } from '../../support/training-service.ts';

const edited = { hash: 'edited', counts: { train: 9, validation: 1, test: 0 } };

it('a card counts the questions that its run learned from, also where its data set was edited since', async () => {
  const { db, start } = await setUpTraining();
  const training = start();
  const all = await training.create(request);
  const some = await training.create({ ...request, settings: { ...request.settings, examplesLimit: 12 } });
  await db.datasets.update('d', edited);
  const told = async (id: string) => (await cardOfRun(db, (await db.runs.get(id))!)).description;
  expect(await told(all)).toBe('Tuned on Questions (32 questions).');
  expect(await told(some)).toBe('Tuned on Questions (12 questions).');
});

it('a run that does not say how many it learned from is counted by the version of then, or not at all', async () => {
  const { db, start } = await setUpTraining();
  const { questions: _, ...run } = (await db.runs.get(await start().create(request)))!;
  await db.datasets.update('d', edited);
  expect((await cardOfRun(db, run)).description).toBe('Tuned on Questions.');
  await db.datasetVersions.add({
    ...{ id: 'd/1', datasetId: 'd', workspaceId: 'w', version: 1, hash: 'hash', note: '', examples: [], createdAt: 0 },
    counts: { train: 32, validation: 8, test: 4 },
  });
  expect((await cardOfRun(db, run)).description).toBe('Tuned on Questions (32 questions).');
});
