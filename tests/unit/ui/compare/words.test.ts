import { describe, expect, test } from 'vitest';
import { configuration, type NamedModel } from '../../../../src/evaluation/matrix/index.ts';
import { describeMetric } from '../../../../src/evaluation/metrics/catalogue.ts';
import type { Cell, MatrixTable } from '../../../../src/evaluation/table/contract.ts';
import { partsOf, sentenceOf } from '../../../../src/ui/screens/compare/configuration-words.ts';
import { effortOf } from '../../../../src/ui/screens/compare/effort.ts';
import { matrixAsCsv } from '../../../../src/ui/screens/compare/matrix-csv.ts';
import { differenceWords, leaderMark } from '../../../../src/ui/screens/compare/matrix-words.ts';
import { preferenceLines } from '../../../../src/ui/screens/compare/duel/votes.ts';
import type { VoteRow } from '../../../../src/storage/schema.ts';

const search: NamedModel = { modelId: 'minilm', name: 'MiniLM' };
const answers: NamedModel = { modelId: 'smol', name: 'SmolLM2', engine: 'local' };
const names = { model: (id: string) => `model ${id}`, adapter: (id: string) => `adapter ${id}` };
const metric = (key: string) => describeMetric(key)!;

describe('what a row is made of', () => {
  const row = (embedder: NamedModel | null, generator: NamedModel | null) =>
    configuration({ embedder, reranker: null, generator });

  test('is "base" and "tuned" where there is one of each', () => {
    const rows = [row(search, answers), row({ ...search, adapterId: 'x' }, answers)];
    const parts = partsOf(rows, names);
    expect(sentenceOf(parts.get(rows[1]!.id)!)).toBe('tuned search, no ranking, base answers');
    expect(parts.get(rows[1]!.id)![0]!.title).toBe('model minilm with adapter x');
  });

  test('names adapters and models where there are several', () => {
    const rows = [
      row({ ...search, adapterId: 'x' }, answers),
      row({ ...search, adapterId: 'y' }, { ...answers, modelId: 'other' }),
      row(null, answers),
    ];
    const parts = partsOf(rows, names);
    expect(parts.get(rows[1]!.id)!.map(({ text }) => text)).toEqual(['tuned, adapter y', 'none', 'base, model other']);
    expect(sentenceOf(parts.get(rows[2]!.id)!)).toBe('no documents, no ranking, base answers (model smol)');
  });
});

describe('a cell', () => {
  const cell = (configurationId: string, mean: number): Cell => ({
    ...{ configurationId, metric: 'mrr', mean, low: mean - 0.1, high: mean + 0.1, n: 40 },
  });

  test('is marked as best, and where others with another figure may be as good as joint best', () => {
    expect(leaderMark([cell('b', 0.7)], metric('mrr'))).toBe('best');
    expect(leaderMark([cell('b', 0.7), cell('c', 0.70001)], metric('mrr'))).toBe('best');
    expect(leaderMark([cell('b', 0.7), cell('c', 0.68)], metric('mrr'))).toBe('joint best');
  });

  test('says its change with a sign and a word, and only a significant one is better or worse', () => {
    const change = { from: 'a', to: 'b', metric: 'mrr', n: 40, p: 0.01, adjustedP: 0.02 };
    const gain = { ...change, mean: 0.1, low: 0.05, high: 0.15, significant: true };
    expect(differenceWords(gain, metric('mrr')).text).toBe('+0.100 better');
    expect(differenceWords(gain, metric('falseRefusal')).text).toBe('+0.100 worse');
    expect(differenceWords({ ...gain, significant: false }, metric('mrr')).text).toBe('+0.100 unclear');
    expect(differenceWords({ ...gain, mean: 0 }, metric('mrr')).text).toMatch(/^±0/);
    const alike = { ...change, mean: 0, low: 0, high: 0, significant: false };
    expect(differenceWords(alike, metric('mrr')).text).toBe('no change');
  });
});

test('the copied table has a row per configuration, with quotes where a name has a comma', () => {
  const row = configuration({ embedder: { ...search, adapterId: 'x' }, reranker: null, generator: null });
  const table: MatrixTable = {
    configurations: [row],
    metrics: ['mrr'],
    cells: [{ configurationId: row.id, metric: 'mrr', mean: 0.25, low: 0.1, high: 0.4, n: 8 }],
    leaders: {},
    differences: [],
  };
  const named = { ...names, adapter: () => 'a, b' };
  expect(
    matrixAsCsv(table, ['mrr'], partsOf([row], named))
      .split('\n')
      .slice(0, 2),
  ).toEqual([
    'search,ranking,answers,mrr,mrr low,mrr high,mrr n,mrr difference,mrr p',
    '"model minilm with a, b",none,none,0.25,0.1,0.4,8,,',
  ]);
});

test('a hosted model costs what 1,000 prompts and answers take of its prices; a row without answers costs nothing', () => {
  const failures = { notRetrieved: 0, rankedLow: 0, wrongFromRight: 0, unsupported: 0, refused: 0 };
  const summaries = [
    { configurationId: 'a', questions: 1, failures, per1000: { promptTokens: 400_000, outputTokens: 20_000 } },
    { configurationId: 'b', questions: 1, failures, per1000: {} },
  ];
  const prices = [{ model: 'hosted', inputPerMillion: 2.5, outputPerMillion: 10 }];
  const effort = effortOf(summaries, { currency: 'USD', prices });
  expect(effort.get('a')!.costs).toEqual(['USD 1.20']);
  expect(effort.get('b')!.costs).toEqual([undefined]);
});

test('preferences are the decided votes, with the prompt of the chosen answer', () => {
  const vote = (winner: VoteRow['winner']): VoteRow => ({
    ...{ id: 'v', workspaceId: 'w', question: 'Why?', winner, blind: true, by: 'user', createdAt: 0 },
    answers: [
      { configurationId: 'a', name: 'A', answer: 'left' },
      {
        ...{ configurationId: 'b', name: 'B', answer: 'right' },
        prompt: JSON.stringify([{ role: 'user', content: 'asked' }]),
      },
    ],
  });
  const lines = preferenceLines([vote('tie'), vote(1), vote(0), vote('neither')])
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ prompt }) => prompt)).toEqual([
    [{ role: 'user', content: 'asked' }],
    [{ role: 'user', content: 'Why?' }],
  ]);
  expect(lines[0]).toMatchObject({
    chosen: [{ role: 'assistant', content: 'right' }],
    rejected: [{ role: 'assistant', content: 'left' }],
  });
});
