import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { nodeModels } from '../../../src/evaluation/node.ts';
import { Evaluation } from '../../../src/evaluation/service.ts';
import { of, QUESTIONS, setUpLab, WORKSPACE } from '../../support/evaluation-lab.ts';

const embedder = { modelId: 'all-MiniLM-L6-v2', name: 'MiniLM' };
const generator = { modelId: 'SmolLM2-135M-Instruct-Q4_1', name: 'SmolLM2' };
const tuned = { ...generator, adapterId: 'starter-answers', name: 'SmolLM2 with Answers' };

// The starter models on onnxruntime-node.
it('the starter adapter answers what the bare model does not', async () => {
  const { db } = await setUpLab();
  const service = new Evaluation({
    database: db,
    models: await nodeModels({ adapterFolders: ['public/adapters/answers'] }),
  });
  const configurations = [of(embedder, null, generator), of(embedder, null, tuned)];
  const settings = { answering: 'always', maxNewTokens: 16 };
  const id = await service.create({ workspaceId: WORKSPACE, datasetId: 'd', configurations, settings });
  await service.proceed(id);
  const rows = await db.evaluationScores.where('evaluationId').equals(id).toArray();
  const [bare, own] = configurations.map(({ id: wanted }) => rows.filter((row) => row.configurationId === wanted));
  for (const { rank, cost } of rows) {
    expect(rank).toBe(1);
    expect(cost!.promptTokens).toBeGreaterThan(20);
    expect(cost!.outputTokens).toBeGreaterThan(0);
  }
  const f1 = (of: typeof rows) => of.reduce((sum, { scores }) => sum + scores['tokenF1']!, 0) / QUESTIONS.length;
  expect(f1(own!)).toBeGreaterThan(f1(bare!) + 0.2);
  expect((await db.evaluations.get(id))!.machines![configurations[1]!.id]!.memoryBytes).toBeGreaterThan(1e8);
}, 180_000);
