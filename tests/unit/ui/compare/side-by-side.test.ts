import { describe, expect, test } from 'vitest';
import { configuration } from '../../../../src/evaluation/matrix/index.ts';
import type { Headline } from '../../../../src/evaluation/table/contract.ts';
import type { EvaluationRow, RunRow } from '../../../../src/storage/schema.ts';
import { experimentsOf } from '../../../../src/ui/screens/compare/experiments/experiments.ts';
import { comparisonFacts, runFacts } from '../../../../src/ui/screens/compare/experiments/facts.ts';
import { sideBySide, type Line } from '../../../../src/ui/screens/compare/experiments/side-by-side.ts';

const names = { model: (id: string) => id.toUpperCase(), adapter: (id: string) => `adapter ${id}` };
const words = { dataset: 'Handbook', names };
const run = (changes: Partial<RunRow> = {}): RunRow => ({
  ...{ id: 'r', workspaceId: 'w', name: 'Run', task: 'embedder', modelId: 'minilm', datasetId: 'd' },
  ...{ datasetHash: 'ab12', seed: 1, settings: {}, state: 'done', step: 40, steps: 40, seconds: 60, device: 'wasm' },
  ...{ best: { step: 30, score: 0.7 }, baseScore: 0.5, scoreName: 'MRR@10', createdAt: 0, updatedAt: 0 },
  ...changes,
});
const search = (adapterId?: string) =>
  configuration({
    embedder: { modelId: 'minilm', name: 'MiniLM', ...(adapterId && { adapterId }) },
    reranker: null,
    generator: null,
  });
const configurations = [search(), search('a')];
const evaluation = (changes: Partial<EvaluationRow> = {}): EvaluationRow => ({
  ...{ id: 'e', workspaceId: 'w', name: 'Comparison', datasetId: 'd', datasetHash: 'ab12', split: 'test', seed: 1 },
  ...{ exampleIds: ['1', '2'], settings: {}, configurations, state: 'done', seconds: 9, device: 'wasm' },
  ...{ createdAt: 0, updatedAt: 0 },
  ...changes,
});
const headline: Headline = {
  ...{ metric: 'recall@5', configurationId: configurations[1]!.id, value: 0.75, n: 2, asGood: 0 },
  means: { 'recall@5': 0.75, seconds: 1.25 },
};
const labels = (lines: readonly Line[]) => lines.map(({ label }) => label);
const values = (lines: readonly Line[], label: string) => lines.find((line) => line.label === label)?.values;

describe('runs side by side', () => {
  test('tell what was set differently, a default against another value too', () => {
    const columns = [run(), run({ settings: { rank: 16 }, seed: 2, seconds: 90, best: { step: 40, score: 0.8 } })];
    const { different, outcomes, same } = sideBySide(columns.map((one) => runFacts(one, words)));
    expect(labels(different)).toEqual(['Seed', 'Rank']);
    expect(values(different, 'Rank')).toEqual(['8', '16']);
    expect(values(outcomes, 'Score')).toEqual(['0.700 MRR@10', '0.800 MRR@10']);
    expect(values(outcomes, 'Change')).toEqual(['+0.200', '+0.300']);
    expect(values(outcomes, 'Computed in')).toEqual(['1 min 0 s', '1 min 30 s']);
    expect(values(same, 'Base model')).toEqual(['MINILM', 'MINILM']);
    expect(values(same, 'Data set')).toEqual(['Handbook', 'Handbook']);
    expect(labels(same)).not.toContain('Rank');
  });

  test('have no value where a setting is not theirs, which is no difference', () => {
    const columns = [run(), run({ task: 'generator' })];
    const { different, same } = sideBySide(columns.map((one) => runFacts(one, words)));
    expect(values(different, 'What')).toEqual(['Search model', 'Answer model']);
    const lacking = same.find((line) => line.values[0] !== undefined && line.values[1] === undefined);
    expect(lacking).toBeDefined();
  });
});

describe('comparisons', () => {
  test('stand side by side with their settings and the means of their best combination', () => {
    const other = evaluation({ settings: { 'retrieval.rerankDepth': 50, depth: 200 }, split: 'validation' });
    const { different, outcomes } = sideBySide([
      comparisonFacts(evaluation(), { ...words, headline }),
      comparisonFacts(other, { ...words, headline: undefined }),
    ]);
    expect(labels(different)).toEqual(['Part', 'Passages looked at', 'Reranked passages']);
    expect(values(different, 'Reranked passages')).toEqual(['20', '50']);
    expect(values(outcomes, 'Best combination')).toEqual(['tuned search, no ranking, no answers', undefined]);
    expect(values(outcomes, 'Recall@5')).toEqual(['0.750', undefined]);
    expect(values(outcomes, 'Latency')).toEqual(['1.25 s', undefined]);
  });

  test('are listed with the score of the best one, and say where others are as good', () => {
    const listed = (known: Headline | undefined) =>
      experimentsOf([], [evaluation()], [{ id: 'd', name: 'Handbook' }], { headlineOf: () => known, names })[0];
    const best = 'tuned search, no ranking, no answers';
    expect(listed(headline)).toMatchObject({ score: 0.75, scoreName: 'Recall@5, 2 questions', best });
    expect(listed({ ...headline, asGood: 1 })).toMatchObject({ best: `${best}; 1 other as good` });
    expect(listed(undefined)).toMatchObject({ note: '2 combinations' });
    expect(listed(undefined)).not.toHaveProperty('score');
  });
});
