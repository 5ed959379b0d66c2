import 'fake-indexeddb/auto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { workspacePassages } from '../../../src/training/prepare.ts';
import { writeDocument } from '../../support/library.ts';

const row = (ordinal: number, split: ExampleRow['split'], documentKey: string, more: Partial<ExampleRow> = {}) => ({
  ...{ id: `e${ordinal}`, datasetId: 'd', workspaceId: 'w', ordinal, split, documentKey, headings: [], negatives: [] },
  ...{ question: `Question ${ordinal}?`, answer: '', passage: `Passage ${ordinal}.`, ...more },
});

let databases = 0;

async function textsOf(rows: ExampleRow[]): Promise<string[]> {
  const db = new AttuneDatabase(`workspace-passages-test-${databases++}`);
  onTestFinished(() => db.delete());
  await db.examples.bulkAdd(rows);
  const copy = { text: 'A copy.', nearDuplicateOf: 'other' };
  await writeDocument(db, 'w', { path: 'one.md', passages: ['Passage 0.', 'One more.', copy] });
  await writeDocument(db, 'w', { path: 'two.md', passages: ['Passage 1.', 'Passage 2.'] });
  await writeDocument(db, 'w', { path: 'three.md', passages: [{ text: 'The other half.', headings: ['Three'] }] });
  await writeDocument(db, 'elsewhere', { path: 'four.md', passages: ['Of another workspace.'] });
  const passages = await workspacePassages(db, { workspaceId: 'w', datasetId: 'd' });
  return passages.map(({ text }) => text).toSorted();
}

describe('passages of the workspace that may stand as wrong ones', () => {
  it('are those of its documents, without copies', async () => {
    expect(await textsOf([row(0, 'train', 'one.md')])).toEqual([
      'One more.',
      'Passage 0.',
      'Passage 1.',
      'Passage 2.',
      'The other half.',
    ]);
  });

  it('are none of a document of the test part, and none of its passages where a document lies in several parts', async () => {
    const rows = [row(0, 'test', 'one.md'), row(1, 'train', 'two.md'), row(2, 'test', 'two.md')];
    expect(await textsOf(rows)).toEqual(['Passage 1.', 'The other half.']);
  });

  it('are none of the further passages that a question of the test part needs', async () => {
    const half = { text: 'The other half.', headings: ['Three'], documentKey: 'three.md' };
    const rows = [row(0, 'test', 'one.md', { morePassages: [half] })];
    expect(await textsOf([...rows, row(1, 'train', 'two.md')])).toEqual(['Passage 1.', 'Passage 2.']);
    const shared = row(1, 'train', 'two.md', { morePassages: [{ ...half, text: 'A third half.' }] });
    expect(await textsOf([...rows, shared])).toEqual(['Passage 1.', 'Passage 2.']);
  });
});
