import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { demoArguments } from '../../../scripts/demo/arguments.ts';
import { askedIds, readDocuments, readQuestions, sampleDocuments } from '../../../scripts/demo/inputs.ts';
import { withParts } from '../../../scripts/demo/parts.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const lines = (records: unknown[]) => records.map((record) => JSON.stringify(record)).join('\n');
const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe('arguments of the demonstration', () => {
  test('have defaults and keep the parts in the order in which they are tuned', () => {
    expect(demoArguments([])).toMatchObject({ tune: ['embedder', 'reranker'], minutes: 10, seed: 1, engine: 'wasm' });
    expect(demoArguments(['--tune', 'generator,embedder']).tune).toEqual(['embedder', 'generator']);
  });

  test.each([
    [['--tune', 'everything'], /--tune takes embedder, reranker, generator, not “everything”/],
    [['--minutes', 'soon'], /--minutes takes a number/],
    [['--seed', '1.5'], /--seed takes a whole number/],
    [['--test-share', '1'], /--test-share takes a number from 0.05 to 0.9/],
    [['--questions', 'q.jsonl'], /--docs/],
    [['--colour', 'red'], /--colour/],
  ])('%j are refused by name', (args, message) => {
    expect(() => demoArguments(args)).toThrow(message);
  });
});

describe('documents and questions of the demonstration', () => {
  const DOCUMENTS = [
    { id: 'a/1', title: 'Harbour', text: 'It was dredged in 1912.', subject: 'coast' },
    { doc_id: 7, text: 'The mill has two wheels.' },
    { _id: 'empty', text: ' ' },
  ];

  test('come from lines by their ids, packed or not', async () => {
    const folder = temporaryFolder();
    for (const [name, bytes] of [
      ['docs.jsonl', Buffer.from(lines(DOCUMENTS))],
      ['docs.jsonl.gz', gzipSync(lines(DOCUMENTS))],
    ] as const) {
      await writeFile(join(folder, name), bytes);
      const documents = readDocuments(join(folder, name));
      expect([...documents.keys()]).toEqual(['a/1', '7']);
      expect(documents.get('a/1')?.path).toBe('coast/a-1.txt');
      expect(textOf(documents.get('a/1')?.bytes)).toBe('Harbour\n\nIt was dredged in 1912.');
    }
  });

  test('have a file name each, within their folder, whatever their ids', async () => {
    const folder = temporaryFolder();
    const ids = ['a/1', 'a 1', 'A-1', '..', 'x'.repeat(300), `${'x'.repeat(300)}y`];
    await writeFile(join(folder, 'docs.jsonl'), lines(ids.map((id) => ({ id, text: 'Text.', subject: '../up' }))));
    const paths = [...readDocuments(join(folder, 'docs.jsonl')).values()].map(({ path }) => path);
    expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(ids.length);
    for (const path of paths) expect(path).toMatch(/^[^./][^/]*\/[^./][^/]{0,90}\.txt$/);
  });

  test('come from a folder by their paths below it, without what systems leave there', async () => {
    const folder = temporaryFolder();
    await mkdir(join(folder, 'inner'));
    await mkdir(join(folder, '.git'));
    await writeFile(join(folder, 'inner/one.md'), '# One');
    for (const clutter of ['.hidden', 'Thumbs.db', 'inner/desktop.ini', '.git/config']) {
      await writeFile(join(folder, clutter), 'no');
    }
    expect([...readDocuments(folder).keys()]).toEqual(['inner/one.md']);
  });

  test('questions keep only those whose documents are all there, and count the others', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'docs.jsonl'), lines(DOCUMENTS));
    const file = join(folder, 'questions.jsonl');
    await writeFile(
      file,
      lines([
        { question: 'When was it dredged?', answer: '1912', relevant_doc_ids: ['a/1'] },
        { query: 'How many wheels?', doc_ids: ['7', 'elsewhere'] },
        { question: 'Both?', doc_ids: ['a/1', 7] },
        { question: 'Who says?', answer: '', doc_ids: [7] },
      ]),
    );
    expect(readQuestions(file, readDocuments(join(folder, 'docs.jsonl')))).toEqual({
      questions: [
        { question: 'When was it dredged?', answer: '1912', documents: ['coast/a-1.txt'] },
        { question: 'Both?', documents: ['coast/a-1.txt', '7.txt'] },
        { question: 'Who says?', answer: '', documents: ['7.txt'] },
      ],
      leftOut: 1,
    });
    expect(askedIds(file)).toEqual(new Set(['a/1', '7', 'elsewhere']));
  });

  test('errors name the file, the line and what is missing', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'docs.jsonl');
    await writeFile(file, '{"id": 1, "text": "x"}\n{"id": 2}');
    expect(() => readDocuments(file)).toThrow(/docs\.jsonl, line 2: text/);
    await writeFile(file, 'no json');
    expect(() => readDocuments(file)).toThrow(/line 1 is no JSON/);
    expect(() => readDocuments(join(folder, 'nowhere'))).toThrow(/There is no .*nowhere/);
  });

  test('a sample takes the documents that questions are on first, the same ones for a seed', () => {
    const documents = new Map(
      Array.from({ length: 50 }, (_, i) => [String(i), { path: `${i}.txt`, bytes: new Uint8Array() }]),
    );
    const asked = new Set(['3', '41']);
    const sampled = [...sampleDocuments(documents, asked, 10, 5).keys()];
    expect(sampled).toHaveLength(10);
    expect(sampled).toEqual(expect.arrayContaining([...asked]));
    expect([...sampleDocuments(documents, asked, 10, 5).keys()]).toEqual(sampled);
    expect([...sampleDocuments(documents, asked, 10, 6).keys()]).not.toEqual(sampled);
  });
});

describe('parts of the demonstration', () => {
  const questions = Array.from({ length: 60 }, (_, i) => ({
    question: `Question ${i}?`,
    answer: '',
    documents: [`subject-${i % 10}/document-${i % 30}.txt`],
  }));
  const counts = (rows: { split: string }[]) =>
    ['train', 'validation', 'test'].map((part) => rows.filter(({ split }) => split === part).length);

  test('hold whole subjects, about as many as the share says, and none is empty', () => {
    const rows = withParts(questions, 3, 0.3);
    expect(counts(rows)).toEqual([36, 6, 18]);
    const partsOf = new Map<string, Set<string>>();
    for (const { documents, split } of rows) {
      const subject = documents[0]!.split('/')[0]!;
      partsOf.set(subject, (partsOf.get(subject) ?? new Set()).add(split));
    }
    expect([...partsOf.values()].every((parts) => parts.size === 1)).toBe(true);
    expect(withParts(questions, 3, 0.3)).toEqual(rows);
  });

  test('are documents where there are no folders, and cannot be made of two', () => {
    const flat = questions.map((question) => ({ ...question, documents: [question.documents[0]!.split('/')[1]!] }));
    expect(counts(withParts(flat, 1, 0.2)).every((count) => count > 0)).toBe(true);
    expect(() => withParts(flat.slice(0, 2), 1, 0.2)).toThrow(/fewer than three documents/);
  });

  test('let a test question keep all of its documents, and others only those of their own part', () => {
    const several = questions.map((question, i) => ({
      ...question,
      documents: [...question.documents, `subject-${(i + 1) % 10}/document-${(i + 1) % 30}.txt`],
    }));
    const rows = withParts(several, 3, 0.3);
    const partOf = new Map(rows.map(({ documents, split }) => [documents[0]!.split('/')[0]!, split]));
    for (const { documents, split } of rows) {
      if (split === 'test') expect(documents).toHaveLength(2);
      else expect(documents.every((document) => partOf.get(document.split('/')[0]!) === split)).toBe(true);
    }
    expect(rows.some(({ documents, split }) => split === 'train' && documents.length === 2)).toBe(true);
  });

  test('are all test where nothing is learned', () => {
    expect(counts(withParts(questions, 1, 1))).toEqual([0, 0, 60]);
  });
});
