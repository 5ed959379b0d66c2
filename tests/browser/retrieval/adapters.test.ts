import { afterAll, beforeAll, expect, test } from 'vitest';
import { retrieval } from '../../../src/retrieval/client.ts';
import { database } from '../../../src/storage/database.ts';
import type { WorkspaceAdapters } from '../../../src/storage/schema.ts';
import { keepForTest } from '../../support/kept-adapters.ts';
import { writeDocument } from '../../support/library.ts';

// The real worker with the starter model on wasm; adapters lie in OPFS as training leaves them.
const workspaceId = 'adapters-test';
const passages = [
  'Every employee has thirty days of paid vacation per year.',
  'Whoever falls ill tells the team lead before nine in the morning.',
  'The coffee machine is descaled every Friday by the facility team.',
];
const search = () =>
  retrieval.search({ workspaceId, query: 'How long is my holiday?', limit: 3, mode: 'hybrid', mergeNeighbours: false });
const use = (adapters: WorkspaceAdapters) => database().workspaces.update(workspaceId, { settings: { adapters } });

beforeAll(async () => {
  await database().workspaces.put({ id: workspaceId, name: 'Test', createdAt: 0, updatedAt: 0, settings: {} });
  await writeDocument(database(), workspaceId, { path: 'house.md', passages });
  await retrieval.sync(workspaceId);
});
afterAll(() => retrieval.removeWorkspace(workspaceId));

test('a search model is tuned, goes back to its base, and leaves nothing behind when its adapter goes', async () => {
  const base = await search();
  const { id, name } = await keepForTest('embedder', 'all-MiniLM-L6-v2');
  await use({ embedder: id });
  expect((await search()).hits.map(({ score }) => score)).toEqual(base.hits.map(({ score }) => score));
  await retrieval.sync(workspaceId);
  const status = await retrieval.status(workspaceId);
  expect(status).toMatchObject({ adapter: { id, name }, answering: { adapter: { id } }, embedded: passages.length });
  const tuned = await search();
  expect(tuned.tunedBy).toEqual({ id, name });
  expect(tuned.hits[0]!.dense!.score).not.toBeCloseTo(base.hits[0]!.dense!.score, 3);

  await use({});
  expect((await search()).hits.map(({ score }) => score)).toEqual(base.hits.map(({ score }) => score));
  await retrieval.removeAdapter(id);
  expect(await database().vectorIndexes.where({ workspaceId }).count()).toBe(1);
});

test('a ranking model decides the order, and the search says how long it read', async () => {
  const { id } = await keepForTest('reranker', 'all-MiniLM-L6-v2');
  await use({ reranker: id });
  const { hits, milliseconds } = await search();
  expect((await retrieval.status(workspaceId)).adapterProblem).toBeUndefined();
  expect(hits.map(({ rerank }) => rerank!.rank)).toEqual([1, 2, 3]);
  const scores = hits.map(({ rerank }) => rerank!.score);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  expect(new Set(scores).size).toBe(3);
  expect(milliseconds.rerank).toBeGreaterThan(0);
});
