import { expect, test } from 'vitest';
import { configuration } from '../../../src/evaluation/matrix/index.ts';
import { headline } from '../../../src/evaluation/table/headline.ts';

const configurations = [undefined, 'a', 'b'].map((adapterId) =>
  configuration({
    embedder: { modelId: 'm', name: 'M', ...(adapterId && { adapterId }) },
    reranker: null,
    generator: null,
  }),
);
const QUESTIONS = 30;

/** @param right how many questions each configuration gets right, by metric */
const rows = (right: Record<string, readonly number[]>) =>
  configurations.flatMap(({ id: configurationId }, place) =>
    Array.from({ length: QUESTIONS }, (_, n) => ({
      ...{ configurationId, exampleId: `${n}` },
      scores: Object.fromEntries(Object.entries(right).map(([metric, of]) => [metric, n < of[place]! ? 1 : 0])),
    })),
  );

test('a headline names the best by its answers before what was found, and how many are as good', () => {
  const found = headline(configurations, rows({ 'recall@5': [10, 24, 23], mrr: [30, 0, 0] }));
  expect(found).toMatchObject({ metric: 'recall@5', configurationId: configurations[1]!.id, n: QUESTIONS, asGood: 1 });
  expect(found!.value).toBeCloseTo(0.8);
  expect(found!.means).toEqual({ 'recall@5': 0.8, mrr: 0 });
  const answered = headline(configurations, rows({ 'recall@5': [10, 24, 23], tokenF1: [5, 5, 25] }));
  expect(answered).toMatchObject({ metric: 'tokenF1', configurationId: configurations[2]!.id, asGood: 0 });
});

test('where the questions tell none apart all are as good; without such a metric there is no headline', () => {
  expect(headline(configurations, rows({ mrr: [15, 15, 16] }))).toMatchObject({ asGood: 2 });
  expect(headline(configurations, rows({ seconds: [1, 1, 1] }))).toBeUndefined();
  expect(headline(configurations.slice(0, 1), [])).toBeUndefined();
});
