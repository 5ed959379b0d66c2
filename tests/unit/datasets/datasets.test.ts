import 'fake-indexeddb/auto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Datasets } from '../../../src/datasets/service.ts';
import { dealGroups } from '../../../src/datasets/split.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { writeDocument, type TestDocument } from '../../support/library.ts';

const workspaceId = 'w';
let databases = 0;

async function library(...documents: TestDocument[]) {
  const db = new AttuneDatabase(`datasets-test-${databases++}`);
  onTestFinished(() => db.delete());
  for (const document of documents) await writeDocument(db, workspaceId, document);
  const datasets = new Datasets(db);
  const examples = (datasetId: string) => db.examples.where('datasetId').equals(datasetId).sortBy('ordinal');
  return { db, datasets, examples };
}

const file = (name: string, ...lines: (object | string)[]) =>
  new File([lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')], name);

const foxes: TestDocument = {
  path: 'nature/animals.md',
  passages: [
    { text: 'The red fox hunts at night, mostly for mice and voles in the fields.', headings: ['Animals', 'Foxes'] },
    {
      text: 'Blue whales sing in the sea, and their songs are heard over hundreds of kilometres.',
      headings: ['Animals'],
    },
  ],
};
const oaks: TestDocument = {
  path: 'nature/trees.md',
  passages: ['Oaks grow for centuries, and the oldest ones are more than a thousand years of age.'],
};

describe('reading files', () => {
  it('reads JSONL with other column names, and refuses rows with the reason', async () => {
    const { datasets, examples } = await library();
    const result = await datasets.import(
      workspaceId,
      file(
        'qa.jsonl',
        {
          Query: 'When do foxes hunt?',
          response: 'At night',
          context: 'The red fox hunts at night.',
          rationale: 'It says so.',
        },
        { question: '', answer: 'x', passage: 'y' },
        { answer: 'x', passage: 'y' },
        { question: 'Where?', answer: 'There' },
        '{"question": ',
        { question: 'How old?', answers: ['Old', 'Very old'], positive: 'It is old.', negatives: ['It is new.'] },
      ),
    );
    expect(result.counts).toEqual({ train: 1, validation: 1, test: 0 });
    expect(result.refused).toEqual([
      { row: 2, reason: 'the question is empty' },
      { row: 3, reason: 'the question is missing' },
      { row: 4, reason: 'it has neither a passage nor a quote from a document' },
      { row: 5, reason: 'it is no JSON' },
    ]);
    const [first, second] = await examples(result.datasetId);
    expect(first).toMatchObject({ question: 'When do foxes hunt?', answer: 'At night', thought: 'It says so.' });
    expect(second).toMatchObject({ answer: 'Old', passage: 'It is old.', negatives: ['It is new.'] });
  });

  it('gives a row that names several documents a passage of each that is there', async () => {
    const { datasets, examples } = await library(foxes, oaks);
    const documents = ['nature/animals.md', 'animals.md', 'nature/seas.md', 'nature/trees.md'];
    const result = await datasets.import(
      workspaceId,
      file(
        'qa.jsonl',
        { question: 'How old do oaks grow, and when do foxes hunt?', answer: 'At night', documents },
        { question: 'How old do oaks grow?', passage: 'Oaks grow for centuries.', documents },
      ),
    );
    const [asked, quoted] = await examples(result.datasetId);
    expect(asked).toMatchObject({ documentKey: 'nature/animals.md', passage: expect.stringContaining('red fox') });
    expect(asked!.morePassages).toEqual([
      { text: oaks.passages[0], headings: [], documentKey: 'nature/trees.md', chunkId: expect.any(String) },
    ]);
    expect(quoted!.morePassages).toBeUndefined();
  });

  it('reads CSV with quoted cells and SQuAD with its nesting', async () => {
    const { datasets, examples } = await library();
    const csv = await datasets.import(
      workspaceId,
      file(
        'qa.csv',
        'question,answer,passage,title',
        '"Who, then?",Ann,"Ann, who else\nbut Ann.",a',
        'Why?,Because,Well.,b',
      ),
    );
    expect(
      (await examples(csv.datasetId)).map(({ question, passage, documentKey }) => [question, passage, documentKey]),
    ).toEqual([
      ['Who, then?', 'Ann, who else\nbut Ann.', 'a'],
      ['Why?', 'Well.', 'b'],
    ]);
    const squad = {
      data: ['a', 'b', 'c'].map((title) => ({
        title,
        paragraphs: [{ context: `On ${title}.`, qas: [{ question: `What of ${title}?`, answers: [{ text: title }] }] }],
      })),
    };
    const read = await datasets.import(workspaceId, file('squad.json', squad));
    expect(
      (await examples(read.datasetId)).map(({ question, answer, documentKey }) => [question, answer, documentKey]),
    ).toEqual(['a', 'b', 'c'].map((title) => [`What of ${title}?`, title, title]));
  });

  it('takes numbers for text', async () => {
    const { datasets, examples } = await library();
    const lines = [
      { question: 'How many?', answer: 25, passage: 'There are 25.' },
      { question: 'How many more?', answers: [3.5, 'three and a half'], passage: 'And 3.5 more.' },
    ];
    const { datasetId, refused } = await datasets.import(workspaceId, file('qa.jsonl', ...lines));
    expect(refused).toEqual([]);
    expect((await examples(datasetId)).map(({ answer }) => answer)).toEqual(['25', '3.5']);
  });

  it('says which row is wrong when none can be used', async () => {
    const { datasets } = await library();
    const nothing = datasets.import(workspaceId, file('qa.jsonl', { question: 'Where?', answer: 'There' }));
    await expect(nothing).rejects.toMatchObject({
      code: 'datasets/no-rows',
      message: expect.stringContaining('row 1: it has neither'),
    });
    await expect(datasets.import(workspaceId, file('qa.csv', 'one'))).rejects.toMatchObject({
      code: 'datasets/unreadable',
    });
  });
});

describe('attaching rows to documents', () => {
  it('finds the passage of a quote, whatever its case and line breaks, and takes its headings and document', async () => {
    const { datasets, examples } = await library(foxes, oaks);
    const result = await datasets.import(
      workspaceId,
      file(
        'qa.jsonl',
        {
          question: 'What does the fox eat?',
          answer: 'Mice',
          document: 'animals.md',
          quote: 'the red FOX hunts at\nnight, mostly for mice',
        },
        { question: 'How old are oaks?', answer: 'A thousand years', quote: 'more than a thousand years of age' },
        {
          question: 'Nowhere?',
          answer: '-',
          document: 'trees.md',
          quote: 'the red fox hunts at night, mostly for mice',
        },
      ),
    );
    expect(result.attached).toBe(2);
    expect(result.refused).toEqual([
      { row: 3, reason: 'its quote is in no document of this workspace (it names trees.md)' },
    ]);
    const [fox, oak] = await examples(result.datasetId);
    expect(fox).toMatchObject({
      passage: (foxes.passages[0] as { text: string }).text,
      headings: ['Animals', 'Foxes'],
      documentKey: 'nature/animals.md',
    });
    expect(oak).toMatchObject({ passage: oaks.passages[0], documentKey: 'nature/trees.md' });
    expect(fox!.chunkId).toBeTruthy();
  });

  it("takes the workspace's passage for the same text of a file, and keeps a text that is not there", async () => {
    const { datasets, examples } = await library(foxes);
    const elsewhere = 'Ducks swim on the pond in the park, and nobody feeds them in winter.';
    const result = await datasets.import(
      workspaceId,
      file(
        'qa.jsonl',
        {
          question: 'Whales?',
          answer: 'They sing',
          passage: 'blue whales sing in the sea and their songs are heard over hundreds of kilometres',
        },
        { question: 'Ducks?', answer: 'They swim', passage: elsewhere },
      ),
    );
    const [whales, ducks] = await examples(result.datasetId);
    expect(whales!.passage).toBe((foxes.passages[1] as { text: string }).text);
    expect(ducks).toMatchObject({ passage: elsewhere, headings: [] });
    expect(ducks!.chunkId).toBeUndefined();
  });
});

describe('splitting', () => {
  const shares = { validationShare: 0.1, testShare: 0.1 };
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      question: `Question ${i}?`,
      answer: `Answer ${i}`,
      passage: `Passage ${i} stands here.`,
      document: `document-${i % 40}`,
    }));

  it('puts about 80, 10 and 10 of 100 questions into the parts, and no document into two', async () => {
    const { datasets, examples } = await library();
    const { datasetId, counts } = await datasets.import(workspaceId, file('qa.jsonl', ...rows(400)));
    expect(counts.train).toBe(320);
    expect(counts.validation).toBe(40);
    const parts = new Map<string, Set<string>>();
    for (const { documentKey, split } of await examples(datasetId))
      parts.set(documentKey, (parts.get(documentKey) ?? new Set()).add(split));
    expect([...parts.values()].every((splits) => splits.size === 1)).toBe(true);
  });

  it('is the same for the same seed in whatever order, and another for another seed', () => {
    const counts = new Map(
      Array.from({ length: 30 }, (_, i) => [`document-${i}`, new Map([['fact', 1 + (i % 5)]])] as const),
    );
    const reversed = new Map([...counts].reverse());
    const sorted = (groups: typeof counts, seed: number) => [...dealGroups(groups, { ...shares, seed })].sort();
    expect(sorted(counts, 7)).toEqual(sorted(reversed, 7));
    expect(sorted(counts, 7)).not.toEqual(sorted(counts, 8));
  });

  it('leaves no part empty with three documents of unequal size', () => {
    const sizes = { large: 90, middle: 60, small: 30 };
    const groups = new Map(Object.entries(sizes).map(([name, size]) => [name, new Map([['fact', size]])]));
    const parts = dealGroups(groups, { ...shares, seed: 1 });
    expect([...parts.values()].sort()).toEqual(['test', 'train', 'validation']);
  });

  it('keeps the parts of a file that names them', async () => {
    const { datasets, examples } = await library();
    const { datasetId } = await datasets.import(
      workspaceId,
      file('qa.jsonl', ...rows(4).map((row, i) => ({ ...row, split: ['train', 'dev', 'test', 'train'][i] }))),
    );
    expect((await examples(datasetId)).map(({ split }) => split)).toEqual(['train', 'validation', 'test', 'train']);
  });

  it('adds the rows of a file to a data set: a passage and a document stay in their part, whatever the file says', async () => {
    const { db, datasets, examples } = await library();
    const part = (i: number, split: string) => ({ ...rows(8)[i]!, split });
    const { datasetId } = await datasets.import(
      workspaceId,
      file('qa.jsonl', part(0, 'test'), part(1, 'validation'), part(2, 'train')),
    );
    const again = { ...part(0, 'train'), question: 'Asked again?' };
    const more = file('more.jsonl', again, { ...part(3, 'train'), document: 'document-1' }, part(4, 'test'));
    const report = await datasets.import(workspaceId, more, { datasetId });
    expect(report).toMatchObject({ datasetId, name: 'qa', counts: { train: 0, validation: 1, test: 2 } });
    expect((await examples(datasetId)).map(({ split }) => split)).toEqual([
      'test',
      'validation',
      'train',
      'test',
      'validation',
      'test',
    ]);
    expect(await db.datasets.count()).toBe(1);
  });

  it('gives equal data equal hashes, and other data others', async () => {
    const { db, datasets } = await library();
    const hashOf = async (...lines: object[]) =>
      (await db.datasets.get((await datasets.import(workspaceId, file('qa.jsonl', ...lines))).datasetId))!.hash;
    const [same, again, other] = [await hashOf(...rows(5)), await hashOf(...rows(5)), await hashOf(...rows(6))];
    expect(again).toBe(same);
    expect(other).not.toBe(same);
  });

  it('deletes a data set with its rows', async () => {
    const { db, datasets } = await library();
    const { datasetId } = await datasets.import(workspaceId, file('qa.jsonl', ...rows(5)));
    await datasets.remove(datasetId);
    expect([await db.datasets.count(), await db.examples.count()]).toEqual([0, 0]);
  });
});
