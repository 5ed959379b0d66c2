import 'fake-indexeddb/auto';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Figures } from '../../../src/evaluation/figures/service.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { EvaluationRow, EvaluationScoreRow, VoteRow } from '../../../src/storage/schema.ts';

let db: AttuneDatabase;
let databases = 0;
beforeEach(() => {
  db = new AttuneDatabase(`figures-${databases++}`);
  const own = db;
  onTestFinished(() => own.delete());
});

const judge = { modelId: 'judge' };
const evaluation = (id: string, changes: Partial<EvaluationRow> = {}): EvaluationRow => ({
  ...{ id, workspaceId: 'w', name: 'All / of it', datasetId: 'd', datasetHash: 'h', split: 'test', exampleIds: [] },
  ...{ seed: 1, settings: {}, state: 'done', seconds: 1, device: 'test', createdAt: 0, updatedAt: 0 },
  configurations: ['b', 'a'].map((model) => ({
    ...{ id: model, name: model, embedder: { modelId: model }, reranker: null, generator: null },
  })),
  ...changes,
});
const score = (evaluationId: string, configurationId: string, n: number, more: Partial<EvaluationScoreRow> = {}) => ({
  ...{ evaluationId, configurationId, exampleId: `q${n}`, workspaceId: 'w', passages: [], scores: { mrr: n % 2 } },
  ...more,
});

test('figures stand in the order of the configurations; without scores there are none', async () => {
  const figures = new Figures(db);
  await db.evaluations.add(evaluation('e'));
  expect(await figures.figures('e')).toBeUndefined();
  await db.evaluationScores.bulkAdd([score('e', 'a', 1), score('e', 'b', 1)]);
  const { table, summaries } = (await figures.figures('e'))!;
  expect(table.configurations.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(summaries.map(({ configurationId }) => configurationId)).toEqual(['b', 'a']);
  await expect(figures.figures('gone')).rejects.toMatchObject({ code: 'evaluation/missing' });
});

test('a judge is measured by the opinions on all that it judged, and on nothing else', async () => {
  await db.evaluations.bulkAdd([
    evaluation('e1', { judge }),
    evaluation('e2', { judge: { ...judge, adapterId: null } }),
    evaluation('e3', { judge: { modelId: 'another' } }),
  ]);
  const judged = (correctness: number) => ({ judgement: { scores: { correctness }, reason: '' } });
  await db.evaluationScores.bulkAdd([
    score('e1', 'a', 1, { opinion: 'right', ...judged(1) }),
    score('e1', 'a', 2, { opinion: 'wrong', ...judged(0.9) }),
    score('e2', 'a', 3, { opinion: 'wrong', ...judged(0) }),
    score('e2', 'a', 4, { ...judged(0) }),
    score('e3', 'a', 5, { opinion: 'wrong', ...judged(1) }),
  ]);
  const { n, observed, words } = await new Figures(db).agreement('w', judge);
  expect([n, observed]).toEqual([3, 2 / 3]);
  expect(words).toContain('same verdict as you on 2 of 3');
});

test('strengths come from the votes of one voter alone; a tie and "neither" count for both', async () => {
  const vote = (id: string, winner: VoteRow['winner'], by = 'user'): VoteRow => ({
    ...{ id, workspaceId: 'w', question: '?', winner, by, blind: true, createdAt: 0 },
    answers: [
      { configurationId: 'x', name: 'X', answer: '' },
      { configurationId: 'y', name: 'Y', answer: '' },
    ],
  });
  await db.votes.bulkAdd([vote('1', 0), vote('2', 'tie'), vote('3', 'neither'), vote('4', 1, 'a judge')]);
  const figures = new Figures(db);
  const [first, second] = await figures.strengths('w', 'user');
  expect([first!.id, first!.votes]).toEqual(['x', 3]);
  expect(first!.score).toBeGreaterThan(second!.score);
  const [judged] = await figures.strengths('w', 'a judge');
  expect([judged!.id, judged!.votes]).toEqual(['y', 1]);
});

test('a judge that votes is measured by the votes of the user on the same two answers', async () => {
  const vote = (question: string, by: string, winner: VoteRow['winner']): VoteRow => ({
    ...{ id: `${question} ${by}`, workspaceId: 'w', question, winner, by, blind: true, createdAt: 0 },
    answers: [
      { configurationId: 'x', name: 'X', answer: 'This.' },
      { configurationId: 'y', name: 'Y', answer: 'That.' },
    ],
  });
  await db.votes.bulkAdd([vote('1', 'user', 0), vote('1', 'Box', 0), vote('2', 'user', 1), vote('2', 'Box', 'tie')]);
  const figures = new Figures(db);
  const { n, words } = await figures.voteAgreement('w', 'Box');
  expect(n).toBe(2);
  expect(words).toMatch(/same verdict as you on 1 of 2.* With 2 votes this says little/);
  expect((await figures.voteAgreement('w', 'Other')).words).toContain('No two answers have both your vote');
});

test('a report is a file in each form, named so that every system takes it', async () => {
  await db.evaluations.add(evaluation('e'));
  await db.evaluationScores.bulkAdd([1, 2].flatMap((n) => [score('e', 'a', n), score('e', 'b', n)]));
  const figures = new Figures(db);
  const html = await figures.report('e', 'html', { App: '1' });
  expect(html.name).toBe('All   of it.html');
  expect(await html.blob.text()).toMatch(/^<!doctype html>[\s\S]*MRR/i);
  expect(JSON.parse(await (await figures.report('e', 'json', {})).blob.text())).toMatchObject({ seed: 1 });
});
