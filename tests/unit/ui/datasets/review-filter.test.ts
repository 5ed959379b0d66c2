import { expect, test } from 'vitest';
import type { ExampleRow } from '../../../../src/storage/schema.ts';
import { everything, filtered, standingOf, tally } from '../../../../src/ui/screens/datasets/review/review-filter.ts';

const row = (id: string, changes: Partial<ExampleRow> = {}): ExampleRow => ({
  ...{ id, datasetId: 'd', workspaceId: 'w', ordinal: 0, split: 'train', question: `What is ${id}?`, answer: id },
  ...{ passage: id, headings: [], documentKey: 'a.md', negatives: [] },
  ...changes,
});
const rows = [
  row('plain'),
  row('taken', { review: 'accepted', kind: 'fact' }),
  row('thrown', { review: 'rejected', split: 'test' }),
  row('out', { removedBy: 'length', documentKey: 'b.md' }),
  row('kept', { removedBy: 'length', review: 'accepted' }),
];
const ids = (change: Partial<typeof everything>) => filtered(rows, { ...everything, ...change }).map(({ id }) => id);

test('a decision by a person outweighs what a rule said', () => {
  expect(rows.map(standingOf)).toEqual(['open', 'accepted', 'rejected', 'removed', 'accepted']);
});

test('filters by state, rule, kind, part, document and words, all at once', () => {
  expect(ids({})).toHaveLength(5);
  expect(ids({ standing: 'open' })).toEqual(['plain']);
  expect(ids({ standing: 'accepted' })).toEqual(['taken', 'kept']);
  expect(ids({ rule: 'length' })).toEqual(['out', 'kept']);
  expect(ids({ rule: 'length', standing: 'removed' })).toEqual(['out']);
  expect(ids({ kind: 'fact' })).toEqual(['taken']);
  expect(ids({ split: 'test' })).toEqual(['thrown']);
  expect(ids({ document: 'b.md' })).toEqual(['out']);
  expect(ids({ words: ' WHAT is out ' })).toEqual(['out']);
});

test('counts values, the commonest first, and leaves out what has none', () => {
  expect(tally(rows, ({ documentKey }) => documentKey)).toEqual([
    { key: 'a.md', count: 4 },
    { key: 'b.md', count: 1 },
  ]);
  expect(tally(rows, ({ kind }) => kind)).toEqual([{ key: 'fact', count: 1 }]);
});
