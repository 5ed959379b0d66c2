import { BlobReader, ZipReader, configure } from '@zip.js/zip.js/lib/zip-core-native.js';
import type { Table } from 'dexie';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepAdapter } from '../../../src/adapters/keep.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { opfsFolders } from '../../../src/storage/folders.ts';
import { configurationId } from '../../../src/evaluation/matrix/index.ts';
import type {
  DatasetRow,
  DatasetVersionRow,
  EvaluationRow,
  ExampleRow,
  RunRow,
  VoteRow,
} from '../../../src/storage/schema.ts';
import { exportWorkspace } from '../../../src/workspaces/export-workspace.ts';
import { importWorkspace } from '../../../src/workspaces/import-workspace.ts';
import { removeTuningFiles } from '../../../src/workspaces/tuning-files.ts';
import { deleteRows } from '../../../src/workspaces/workspace-rows.ts';

configure({ useWebWorkers: false });
const signal = new AbortController().signal;
const workspaceId = 'origin';
let db: AttuneDatabase;
let adapterId: string;

const run: RunRow = {
  id: 'run-1',
  workspaceId,
  name: 'A run',
  task: 'linear',
  modelId: 'model',
  datasetId: 'dataset-1',
  datasetHash: 'h',
  seed: 1,
  settings: { rank: 4, targets: 'all', symmetric: false },
  state: 'done',
  step: 10,
  steps: 10,
  best: { step: 8, score: 0.5 },
  scoreName: 'MRR@10',
  baseScore: 0.4,
  ended: 'finished',
  seconds: 12.5,
  device: 'wasm, 2 threads',
  createdAt: 1,
  updatedAt: 2,
};

beforeEach(async () => {
  db = new AttuneDatabase(`tuning-${crypto.randomUUID()}`);
  const linear = {
    dimensions: 2,
    sides: 'queries' as const,
    rank: 0,
    a: new Float32Array(0),
    b: Float32Array.of(0, 1, -1, 0),
  };
  const base = {
    id: 'model',
    name: 'Model',
    role: 'embedder' as const,
    format: 'safetensors' as const,
    architecture: 'bert',
    files: [],
    bytes: 0,
    licence: 'Apache-2.0',
    source: 'test',
    location: { kind: 'opfs' as const, folder: 'models/model' },
  };
  const row = await keepAdapter(db, opfsFolders, { kind: 'linear', adapter: linear }, base, {
    workspaceId,
    name: 'Rotation',
    description: 'Turns by a right angle.',
    task: 'linear',
    scores: [{ name: 'MRR@10', base: 0.4, tuned: 0.5 }],
    source: 'trained here',
    runId: run.id,
  });
  adapterId = row.id;
  await db.workspaces.add({
    id: workspaceId,
    name: 'Case files',
    createdAt: 1,
    updatedAt: 1,
    settings: { adapters: { embedder: adapterId, generator: null } },
  });
  const counts = { train: 1, validation: 1, test: 0 };
  await db.datasets.add({
    id: 'dataset-1',
    workspaceId,
    name: 'Questions',
    source: 'test',
    hash: 'h',
    counts,
    createdAt: 1,
    updatedAt: 1,
  });
  for (const [ordinal, split] of (['train', 'validation'] as const).entries()) {
    await db.examples.add({
      id: `e${ordinal}`,
      datasetId: 'dataset-1',
      workspaceId,
      ordinal,
      split,
      question: `Question ${ordinal}?`,
      answer: 'Yes',
      passage: 'A passage.',
      headings: ['Top'],
      documentKey: `d${ordinal}`,
      negatives: ['Another one.'],
    });
  }
  await db.runs.add({ ...run, adapterId });
  await db.runs.add({ ...run, id: 'run-2', state: 'running', sweepId: 'sweep-1' });
  await db.runPoints.bulkAdd([
    { runId: run.id, step: 1, kind: 'step', loss: 0.7, learningRate: 0.1 },
    { runId: run.id, step: 10, kind: 'validation', score: 0.5, figures: { loss: 0.6 } },
  ]);
  await opfsFolders.write(`runs/${run.id}`, 'checkpoint-10', new Blob(['bytes']));
});
afterEach(async () => {
  for (const { id } of await db.workspaces.toArray()) await removeTuningFiles(await deleteRows(db, id));
  await db.delete();
});

it('an exported workspace carries its data sets, runs and adapters, and what is in force', async () => {
  const archive = await exportWorkspace(db, workspaceId, { vectors: false }, signal);
  const names = (await new ZipReader(new BlobReader(archive)).getEntries()).map(({ filename }) => filename);
  expect(names.filter((name) => name.startsWith('runs/') || name.includes('checkpoint'))).toEqual([]);

  const { workspaceId: id } = await importWorkspace(db, archive, signal);
  const [dataset] = await db.datasets.where('workspaceId').equals(id).toArray();
  expect(dataset).toMatchObject({ name: 'Questions', hash: 'h', counts: { train: 1, validation: 1, test: 0 } });
  const examples = await db.examples.where('datasetId').equals(dataset!.id).sortBy('ordinal');
  expect(examples.map(({ question, split, negatives }) => [question, split, negatives])).toEqual([
    ['Question 0?', 'train', ['Another one.']],
    ['Question 1?', 'validation', ['Another one.']],
  ]);

  const runs = await db.runs.where('workspaceId').equals(id).toArray();
  const done = runs.find(({ state }) => state === 'done')!;
  expect(done).toMatchObject({ name: 'A run', best: run.best, settings: run.settings, datasetId: dataset!.id });
  expect(runs.find(({ sweepId }) => sweepId)).toMatchObject({ state: 'cancelled', ended: 'stopped' });
  const points = await db.runPoints.where('runId').equals(done.id).toArray();
  expect(points.map(({ loss, score }) => loss ?? score)).toEqual([0.7, 0.5]);

  const [adapter] = await db.adapters.filter((row) => row.workspaceId === id).toArray();
  const { sha256, scores } = (await db.adapters.get(adapterId))!;
  expect(adapter).toMatchObject({ name: 'Rotation', sha256, scores, runId: done.id });
  expect(done.adapterId).toBe(adapter!.id);
  expect((await db.workspaces.get(id))!.settings).toEqual({ adapters: { embedder: adapter!.id, generator: null } });
  const [mine, theirs] = await Promise.all(
    [adapterId, adapter!.id].map((owner) => opfsFolders.read(`adapters/${owner}`, 'linear_adapter.safetensors')),
  );
  expect(await theirs!.arrayBuffer()).toEqual(await mine!.arrayBuffer());
});

it('carries versions, recordings, evaluations and votes, all of them pointing at the rows that came with them', async () => {
  const studied = {
    split: { by: 'document', seed: 3 },
    rules: { roundTrip: { on: false, topK: 5 } },
    version: 2,
    seed: 3,
  };
  await db.datasets.update('dataset-1', studied);
  const checked: Partial<ExampleRow> = {
    kind: 'fact',
    evidence: { start: 0, end: 1 },
    provenance: { origin: 'writer', generator: 'starter', seed: 7 },
    quality: { score: 0.5, findings: [{ rule: 'length', verdict: 'failed', reason: 'Too short.' }] },
    removedBy: 'length',
    review: 'accepted',
    morePassages: [{ text: 'More.', headings: [], documentKey: 'd9' }],
  };
  await db.examples.update('e1', checked);
  const examples = await db.examples.where('datasetId').equals('dataset-1').sortBy('ordinal');
  const counts = { train: 1, validation: 1, test: 0 };
  const settings = { seed: 7, split: { by: 'passage' }, rules: { length: { on: false } } };
  await db.datasetVersions.add({
    id: 'dataset-1/1',
    datasetId: 'dataset-1',
    workspaceId,
    version: 1,
    hash: 'h',
    counts,
    note: 'first',
    examples,
    settings,
    createdAt: 1,
  });
  const recorded = { question: 'Why?', answer: 'So.', passages: [], model: 'Large', createdAt: 1 };
  await db.recordings.add({ ...recorded, id: 'recording-1', workspaceId });
  const tuned = { embedder: { modelId: 'm', adapterId }, reranker: null, generator: null };
  const id = configurationId(tuned);
  await db.evaluations.add({
    id: 'evaluation-1',
    workspaceId,
    name: 'Matrix',
    datasetId: 'dataset-1',
    datasetHash: 'h',
    split: 'validation',
    exampleIds: ['e1'],
    seed: 1,
    settings: {},
    configurations: [{ id, name: 'Tuned', ...tuned }],
    machines: { [id]: { search: 'wasm' } },
    state: 'running',
    seconds: 1,
    device: 'wasm',
    createdAt: 1,
    updatedAt: 1,
  });
  const score = { scores: { 'recall@5': 1 }, passages: [], rank: 1, opinion: 'right' } as const;
  await db.evaluationScores.add({
    ...score,
    passages: [],
    evaluationId: 'evaluation-1',
    configurationId: id,
    exampleId: 'e1',
    workspaceId,
  });
  const voted = { configurationId: id, name: 'Tuned', answer: 'Yes' };
  await db.votes.add({
    id: 'vote-1',
    workspaceId,
    question: 'Which?',
    answers: [voted, { ...voted, answer: 'No' }],
    winner: 0,
    blind: true,
    by: 'user',
    createdAt: 1,
  });

  const archive = await exportWorkspace(db, workspaceId, { vectors: false }, signal);
  const { workspaceId: own } = await importWorkspace(db, archive, signal);
  const of = <T>(table: Table<T>) => table.where('workspaceId').equals(own).toArray();
  const [dataset] = await of(db.datasets as unknown as Table<DatasetRow>);
  expect(dataset).toMatchObject(studied);
  const rows = await db.examples.where('datasetId').equals(dataset!.id).sortBy('ordinal');
  expect(rows[1]).toMatchObject(checked);
  const [version] = await of(db.datasetVersions as unknown as Table<DatasetVersionRow>);
  expect(version).toMatchObject({ id: `${dataset!.id}/1`, note: 'first', settings });
  expect(version!.examples).toEqual(rows);
  expect(await of(db.recordings as unknown as Table<object>)).toMatchObject([recorded]);

  const [adapter] = await db.adapters.filter((row) => row.workspaceId === own).toArray();
  const embedder = { modelId: 'm', adapterId: adapter!.id };
  const theirs = configurationId({ ...tuned, embedder });
  const [evaluation] = await of(db.evaluations as unknown as Table<EvaluationRow>);
  expect(evaluation).toMatchObject({
    datasetId: dataset!.id,
    exampleIds: [rows[1]!.id],
    configurations: [{ id: theirs, name: 'Tuned', embedder }],
    machines: { [theirs]: { search: 'wasm' } },
    state: 'paused',
  });
  const [scored] = await of(db.evaluationScores);
  expect(scored).toMatchObject({
    ...score,
    evaluationId: evaluation!.id,
    configurationId: theirs,
    exampleId: rows[1]!.id,
  });
  const [vote] = await of(db.votes as unknown as Table<VoteRow>);
  expect(vote!.answers.map(({ configurationId: each }) => each)).toEqual([theirs, theirs]);
});

it('a deleted workspace takes its runs and adapters along, but not one that another workspace uses', async () => {
  const settings = { adapters: { embedder: adapterId } };
  await db.workspaces.add({ id: 'other', name: 'Other', createdAt: 1, updatedAt: 1, settings });
  await removeTuningFiles(await deleteRows(db, workspaceId));
  expect(await Promise.all([db.datasets.count(), db.examples.count(), db.runs.count(), db.runPoints.count()])).toEqual([
    0, 0, 0, 0,
  ]);
  expect(await opfsFolders.list(`runs/${run.id}`)).toEqual([]);
  expect(await db.adapters.get(adapterId)).toMatchObject({ workspaceId: null });
  expect(await opfsFolders.list(`adapters/${adapterId}`)).toContain('linear_config.json');
});
