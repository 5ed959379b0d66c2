import { describe, expect, it } from 'vitest';
import type { FoundPassage } from '../../../src/datasets/contract.ts';
import { example, studio } from '../../support/datasets.ts';

const found = (text: string, more: Partial<FoundPassage> = {}): FoundPassage => ({
  chunkId: text,
  documentKey: 'other.md',
  headings: [],
  text,
  similarity: 0.5,
  ...more,
});

describe('hard negatives', () => {
  const row = example(0, { chunkId: 'own' });
  const own = found(row.passage, { chunkId: 'own', headings: row.headings, similarity: 0.8 });
  const test = example(1, { split: 'test', passage: 'A passage of the test.', headings: [], documentKey: 'test.md' });

  async function mined(candidates: FoundPassage[], options = {}) {
    const { datasets, filled, rows } = await studio();
    const id = await filled([row, test]);
    const report = await datasets.mineNegatives(id, options, undefined, async (questions) =>
      questions.map(() => candidates),
    );
    const [trained, tested] = await rows(id);
    return { report, negatives: trained!.negatives, tested: tested!.negatives };
  }

  it('are near the right passage, and none that is likely right too or belongs to the test', async () => {
    const { report, negatives, tested } = await mined([
      found('It comes as near as the right one.', { similarity: 0.79 }),
      own,
      found(row.passage.replace('10 days', 'ten days')),
      found('Elsewhere they get 10 days, too.'),
      found('A neighbour of the right passage.', { documentKey: row.documentKey }),
      found(test.passage),
      found('Another of the test.', { documentKey: 'test.md' }),
      found('Wrong, and hard.'),
      found('Wrong, and found by words alone.', { similarity: undefined }),
    ]);
    expect(negatives).toEqual(['Wrong, and hard.', 'Wrong, and found by words alone.']);
    expect(tested).toEqual([]);
    expect(report).toEqual({
      rows: 1,
      filled: 1,
      negatives: 2,
      passedOver: { right: 1, sameDocument: 1, nearDuplicate: 1, holdsAnswer: 1, tooSimilar: 1, testPart: 2 },
    });
  });

  it('are none where the search puts all before the right passage, and as many as asked for', async () => {
    expect((await mined([found('It comes first.')])).negatives).toEqual([]);
    const many = Array.from({ length: 9 }, (_, i) => found(`Wrong ${i}.`));
    expect((await mined([own, ...many], { count: 2 })).negatives).toEqual(['Wrong 0.', 'Wrong 1.']);
  });

  it('have their headings, as the right passage has its own', async () => {
    const { negatives } = await mined([own, found('Wrong, and hard.', { headings: ['Handbook', 'Leave'] })]);
    expect(negatives).toEqual(['Handbook > Leave\nWrong, and hard.']);
  });

  it('take the place of those that a row had where some are found, and a version of before is kept', async () => {
    const { db, datasets, filled, rows } = await studio();
    const id = await filled([
      example(0, { chunkId: 'own', negatives: ['Imported.'] }),
      example(1, { chunkId: 'nowhere', negatives: ['Imported too.'] }),
    ]);
    const report = await datasets.mineNegatives(id, {}, undefined, async (questions) =>
      questions.map(() => [own, found('Wrong, and hard.')]),
    );
    expect((await rows(id)).map(({ negatives }) => negatives)).toEqual([['Wrong, and hard.'], ['Imported too.']]);
    expect(report).toMatchObject({ rows: 2, filled: 2, negatives: 2 });
    const [version] = await db.datasetVersions.toArray();
    expect(version!.examples.map(({ negatives }) => negatives)).toEqual([['Imported.'], ['Imported too.']]);
    expect((await db.datasets.get(id))!.version).toBe(2);
  });
});
