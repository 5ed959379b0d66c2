import { afterAll, beforeAll, expect, test } from 'vitest';
import { datasets } from '../../../src/datasets/client.ts';
import { DatasetStore } from '../../../src/datasets/store.ts';
import { retrieval } from '../../../src/retrieval/client.ts';
import { database } from '../../../src/storage/database.ts';
import { writeDocument } from '../../support/library.ts';

// Both real workers: the data sets' asks the search's through the page, with the starter model on wasm.
const workspaceId = 'studio-test';
const passages = {
  'leave.md': 'Every employee has thirty days of paid vacation per year.',
  'illness.md': 'Whoever falls ill tells the team lead before nine in the morning.',
  'kitchen.md': 'The coffee machine is descaled every Friday by the facility team.',
  'garden.md': 'The roses in front of the entrance are cut back in early spring.',
  'parking.md': 'Guests park on the second deck and get a ticket at the reception.',
};
let chunkIds: string[];

beforeAll(async () => {
  const db = database();
  await db.workspaces.put({ id: workspaceId, name: 'Test', createdAt: 0, updatedAt: 0, settings: {} });
  const written = [];
  for (const [path, text] of Object.entries(passages))
    written.push(await writeDocument(db, workspaceId, { path, passages: [text] }));
  chunkIds = written.flatMap((document) => document.chunkIds);
  await retrieval.sync(workspaceId);
});
afterAll(() => retrieval.removeWorkspace(workspaceId));

test('questions go the round trip through the real search, and find wrong passages that are near', async () => {
  const row = (place: number, question: string) => ({
    split: 'train' as const,
    question,
    answer: '',
    kind: 'fact' as const,
    passage: Object.values(passages)[place]!,
    headings: [],
    documentKey: Object.keys(passages)[place]!,
    chunkId: chunkIds[place]!,
    negatives: [],
    provenance: { origin: 'writer' as const },
  });
  const { id } = await new DatasetStore(database()).create({ workspaceId, name: 'Studio', source: 'a test' }, [
    row(0, 'How long is my holiday?'),
    row(1, 'When is the coffee machine cleaned?'),
  ]);
  await datasets.setRules(id, { roundTrip: { topK: 1 }, support: { on: false } });
  const stages = new Set<string>();
  const report = await datasets.check(id, ({ stage }) => stages.add(stage));
  expect(report.rules['roundTrip']).toEqual({ passed: 1, failed: 1, unknown: 0, removed: 1 });
  expect([...stages]).toContain('Round trip');
  expect((await database().datasets.get(id))!.counts.train).toBe(1);

  const mined = await datasets.mineNegatives(id, { count: 2 });
  expect(mined).toMatchObject({ rows: 1, filled: 1, negatives: 2, passedOver: { right: 1 } });
  const [first] = await database().examples.where('datasetId').equals(id).sortBy('ordinal');
  expect(Object.values(passages).slice(1)).toEqual(expect.arrayContaining(first!.negatives));

  const stopped = datasets.check(id, () => void datasets.stop(id));
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
});
