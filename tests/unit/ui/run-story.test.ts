import { describe, expect, test } from 'vitest';
import type { RunPointRow, RunRow } from '../../../src/storage/schema.ts';
import { logAsCsv, logAsJsonLines } from '../../../src/ui/screens/tune/run-log.ts';
import {
  canGoOn,
  curveOf,
  isBetter,
  namesApart,
  paceOf,
  smoothed,
  storyOf,
} from '../../../src/ui/screens/tune/run-story.ts';
import { changeText, scoreText } from '../../../src/ui/scores.ts';

const run = (changes: Partial<RunRow> = {}): RunRow => ({
  id: 'r',
  workspaceId: 'w',
  name: 'Search model on questions',
  task: 'embedder',
  modelId: 'm',
  datasetId: 'd',
  datasetHash: 'h',
  seed: 1,
  settings: { validateEvery: 20, patience: 3 },
  state: 'running',
  step: 60,
  steps: 200,
  scoreName: 'MRR@10',
  baseScore: 0.5,
  seconds: 100,
  device: 'wasm',
  createdAt: 0,
  updatedAt: 0,
  ...changes,
});
const step = (step: number, loss: number): RunPointRow => ({
  ...{ runId: 'r', step, kind: 'step', loss, seconds: 2, tokensPerSecond: 1000 },
});
const check = (step: number, score: number): RunPointRow => ({ runId: 'r', step, kind: 'validation', score });

describe('the sentence of a run', () => {
  test('says what stopping now would keep, and that it still improves', () => {
    const story = storyOf(run({ best: { step: 40, score: 0.6 } }), [check(0, 0.5), check(20, 0.55), check(40, 0.6)]);
    expect(story).toBe('Still improving. Stopping now would keep step 40.');
  });

  test('counts the checks that are left before it ends by itself', () => {
    const points = [check(20, 0.6), check(40, 0.58), check(60, 0.57)];
    expect(storyOf(run({ best: { step: 20, score: 0.6 } }), points)).toBe(
      'No better since step 20. Stopping now would keep step 20. It ends by itself after 1 more check without progress.',
    );
  });

  test('does not call a score an improvement that the untuned model has too', () => {
    expect(storyOf(run({ best: { step: 20, score: 0.5 } }), [check(20, 0.5)])).toContain('Not better than the untuned');
    const done = run({ state: 'done', best: { step: 20, score: 0.49 } });
    expect(storyOf(done, [])).toContain('not better than the untuned model');
  });

  test('a step as good as the untuned model is not better, and before a check none is', () => {
    expect(isBetter({ baseScore: 0.5, best: { step: 20, score: 0.5 } })).toBe(false);
    expect(isBetter({ baseScore: 0.5, best: { step: 20, score: 0.51 } })).toBe(true);
    expect(isBetter({ best: { step: 20, score: 0.1 } })).toBe(true);
    expect(isBetter({ baseScore: 0.5 })).toBe(false);
  });

  test('says of questions that the untuned model gets all right that they cannot show a gain', () => {
    const full = { baseScore: 1, best: { step: 20, score: 1 } };
    expect(storyOf(run(full), [check(20, 1)])).toContain('cannot show a gain');
    expect(storyOf(run({ ...full, state: 'done' }), [])).toContain('cannot show a gain');
    expect(storyOf(run({ baseScore: 0.9, best: { step: 20, score: 0.9 } }), [check(20, 0.9)])).not.toContain('cannot');
  });

  test('says before the first check when it comes', () => {
    expect(storyOf(run({ best: undefined }), [step(1, 2)])).toContain('after step 20');
  });

  test('tells a cancelled run that kept something from one that did not', () => {
    const best = { step: 40, score: 0.6 };
    expect(storyOf(run({ state: 'cancelled', best, adapterId: 'a' }), [])).toContain(
      'Step 40 was the best and is kept',
    );
    expect(storyOf(run({ state: 'cancelled', best }), [])).toContain('Nothing was kept');
  });

  test('says that a step is kept only where an adapter was made of it, and why a dropped trial ended', () => {
    const done = { state: 'done' as const, best: { step: 40, score: 0.6 } };
    expect(storyOf(run({ ...done, adapterId: 'a' }), [])).toBe('Done. Step 40 was the best and is kept.');
    expect(storyOf(run(done), [])).toBe('Done. Step 40 was the best and can be kept.');
    expect(storyOf(run({ ...done, ended: 'early' }), [])).toContain('no better since step 40, which can be kept');
    expect(storyOf(run({ ...done, ended: 'stopped' }), [])).toBe(
      'Ended after step 60: other trials of its sweep did better.',
    );
  });
});

test('what stopped can go on, but for a trial that its sweep will not take up again', () => {
  for (const state of ['paused', 'failed', 'cancelled'] as const) expect(canGoOn({ state })).toBe(true);
  for (const state of ['waiting', 'running', 'done'] as const) expect(canGoOn({ state })).toBe(false);
  const sweepId = 's';
  expect(canGoOn({ state: 'paused', sweepId })).toBe(true);
  expect(canGoOn({ state: 'failed', sweepId })).toBe(true);
  expect(canGoOn({ state: 'failed', sweepId, ended: 'stopped' })).toBe(false);
  expect(canGoOn({ state: 'cancelled', sweepId, ended: 'stopped' })).toBe(false);
});

test('points become curves in the order of the steps, and the pace of the latest steps', () => {
  const points = [step(3, 1), step(1, 3), check(2, 0.6), step(2, 2)];
  expect(curveOf(points).steps.map(({ loss }) => loss)).toEqual([3, 2, 1]);
  expect(curveOf(points).validations).toEqual([{ step: 2, score: 0.6 }]);
  expect(paceOf(run(), points)).toMatchObject({ step: 3, loss: 1, secondsPerStep: 2, secondsLeft: 394 });
  expect(paceOf(run(), [])).toEqual({ step: 60 });
});

test('a smoothed constant is that constant from its first value on', () => {
  for (const value of smoothed([4, 4, 4, 4])) expect(value).toBeCloseTo(4, 12);
  const [first, second] = smoothed([0, 1], 0.5);
  expect(first).toBe(0);
  // (0.5·0 + 1·0.5) / (1 - 0.25): the newest value counts twice the one before.
  expect(second).toBeCloseTo(2 / 3, 12);
});

test('runs that are drawn together are told apart by what differs between them', () => {
  const runs = [run({ settings: { rank: 8 } }), run({ settings: { rank: 4 } })];
  expect(namesApart(runs, { rank: 'Rank', dropout: 'Dropout' })).toEqual(['this run', 'rank 4']);
});

test('scores and changes carry their sign', () => {
  expect([scoreText(0.7134), scoreText(-1.416), changeText(0.517, 0.713), changeText(-1.5, -1.42)]).toEqual([
    ...['0.713', '−1.42', '+0.196', '+0.080'],
  ]);
  expect([changeText(0.5, 0.4), changeText(0.5, 0.5)]).toEqual(['−0.100', '±0']);
});

describe('the log of a run', () => {
  const points = [{ ...check(2, 0.6), figures: { 'recall@1, top': 0.4 } }, step(2, 1.5), step(1, 2)];

  test('as CSV has a column for every figure and quotes names with commas', () => {
    expect(logAsCsv(points).split('\n')).toEqual([
      'step,kind,loss,learningRate,gradientNorm,tokensPerSecond,seconds,score,"recall@1, top"',
      '1,step,2,,,1000,2,,',
      '2,step,1.5,,,1000,2,,',
      '2,validation,,,,,,0.6,0.4',
      '',
    ]);
  });

  test('as JSON lines begins with the run and all its settings', () => {
    const lines = logAsJsonLines(run(), points)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ kind: 'run', seed: 1, settings: { patience: 3 } });
    expect(lines.slice(1).map((line) => [line['step'], line['kind']])).toEqual([
      ...[
        [1, 'step'],
        [2, 'step'],
        [2, 'validation'],
      ],
    ]);
  });
});
