import { describe, expect, test } from 'vitest';
import { DEMO_STAGES, type DemoState } from '../../../src/demo/contract.ts';
import { ownJobs } from '../../../src/demo/own-jobs.ts';

describe('the jobs of a demonstration', () => {
  const demo: DemoState = {
    workspaceId: 'w',
    options: { tune: ['embedder', 'reranker'], minutes: 1, seed: 1, passages: 5, questions: 20, answers: 4 },
    stage: 'documents',
    state: 'running',
    generationId: 'g',
    runs: { embedder: 'r1', reranker: 'r2' },
    searchEvaluationId: 'e',
    timings: {},
  };

  test('are those that its step waits for, not all of its workspace', () => {
    const byStage = Object.fromEntries(DEMO_STAGES.map((stage) => [stage, ownJobs({ ...demo, stage })]));
    expect(byStage).toEqual({
      documents: ['ingest:w', 'embed:w'],
      questions: ['generate:g'],
      tuning: ['train:run:r1', 'train:run:r2'],
      measuring: ['evaluate:e'],
    });
  });

  test('are none before the step has begun one', () => {
    const { generationId: _, searchEvaluationId: __, ...fresh } = demo;
    for (const stage of ['questions', 'tuning', 'measuring'] as const) {
      expect(ownJobs({ ...fresh, runs: {}, stage })).toEqual([]);
    }
  });
});
