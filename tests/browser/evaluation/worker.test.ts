import { afterAll, beforeAll, expect, test } from 'vitest';
import { datasets } from '../../../src/datasets/client.ts';
import { evaluation } from '../../../src/evaluation/client.ts';
import { allCombinations } from '../../../src/evaluation/matrix/index.ts';
import type { EvaluationRequest } from '../../../src/evaluation/contract.ts';
import { retrieval } from '../../../src/retrieval/client.ts';
import { database } from '../../../src/storage/database.ts';
import type { EvaluationScoreRow } from '../../../src/storage/schema.ts';
import { keepForTest } from '../../support/kept-adapters.ts';

// The real worker with the starter models on wasm, over a data set that brings its own passages.
const workspaceId = 'evaluation-test';
const FACTS = [
  ['How many days of vacation are there per year?', 'thirty', 'Every employee has thirty days of vacation per year.'],
  ['When is the coffee machine descaled?', 'Friday', 'The coffee machine is descaled on Friday by facilities.'],
  ['What may a hotel cost per night?', '120 euros', 'A hotel may cost 120 euros per night, breakfast included.'],
  ['Whom does one tell of an illness?', 'the team lead', 'Whoever falls ill tells the team lead before nine.'],
];
let request: EvaluationRequest;

beforeAll(async () => {
  await database().workspaces.put({ id: workspaceId, name: 'Test', createdAt: 0, updatedAt: 0, settings: {} });
  const lines = FACTS.map(([question, answer, passage], i) =>
    JSON.stringify({ question, answer, passage, document: `${i}.md`, split: 'test' }),
  );
  const { datasetId } = await datasets.import(workspaceId, new File([lines.join('\n')], 'facts.jsonl'));
  const modelId = 'all-MiniLM-L6-v2';
  const [tuned, ranker] = [await keepForTest('embedder', modelId), await keepForTest('reranker', modelId)];
  const configurations = allCombinations({
    embedders: [
      { modelId, name: 'MiniLM' },
      { modelId, adapterId: tuned.id, name: 'Tuned' },
    ],
    rerankers: [null, { modelId, adapterId: ranker.id, name: 'Ranker' }],
    generators: [null],
  });
  const generator = { modelId: 'SmolLM2-135M-Instruct-Q4_1', adapterId: 'starter-answers', name: 'SmolLM2' };
  const answering = allCombinations({
    embedders: [{ modelId, name: 'MiniLM' }],
    rerankers: [null],
    generators: [generator],
  });
  const settings = { maxNewTokens: 16, answering: 'always' };
  request = { workspaceId, datasetId, configurations: [...configurations, ...answering], questions: 2, settings };
});
afterAll(() => retrieval.removeWorkspace(workspaceId));

const rowsOf = (evaluationId: string): Promise<EvaluationScoreRow[]> =>
  database().evaluationScores.where({ evaluationId }).toArray();

test('real models are searched, ranked and asked with, and the second time nothing is computed', async () => {
  const id = await evaluation.create(request);
  const stages: string[] = [];
  await evaluation.proceed(id, ({ stage }) => stages.push(stage));
  const row = (await database().evaluations.get(id))!;
  expect(row).toMatchObject({ state: 'done', passageCount: 4 });
  expect(row.device).toContain('wasm');
  const rows = await rowsOf(id);
  expect(rows).toHaveLength(5 * 2);
  const of = (place: number) => rows.filter((one) => one.configurationId === request.configurations[place]!.id);
  expect(of(0).map(({ rank }) => rank)).toEqual([1, 1]);
  expect(of(0).every(({ cost }) => cost!.searchSeconds! > 0)).toBe(true);
  // An untrained ranking model puts them in an order of its own.
  expect(of(1).every(({ cost }) => cost!.rerankSeconds! > 0)).toBe(true);
  for (const { answer, cost, scores } of of(4)) {
    expect(answer).toBeTruthy();
    expect(cost!.outputTokens).toBeGreaterThan(0);
    expect(scores['tokenF1']).toBeGreaterThanOrEqual(0);
  }
  expect(new Set(stages).size).toBeGreaterThan(4);

  const again = await evaluation.create(request);
  const stagesAgain: string[] = [];
  await evaluation.proceed(again, ({ stage }) => stagesAgain.push(stage));
  expect(stagesAgain.filter((stage) => stage.startsWith('Reading') && stage !== 'Reading the questions')).toEqual([]);
  const plain = (from: EvaluationScoreRow[]) => from.map(({ evaluationId: _, ...one }) => one);
  expect(plain(await rowsOf(again))).toEqual(plain(rows));
}, 400_000);

test('an evaluation that is deleted leaves no scores', async () => {
  const id = await evaluation.create({ ...request, configurations: request.configurations.slice(0, 1) });
  await evaluation.proceed(id);
  expect(await rowsOf(id)).toHaveLength(2);
  await evaluation.remove(id);
  expect(await rowsOf(id)).toEqual([]);
  expect(await database().evaluations.get(id)).toBeUndefined();
});
