import { expect, test } from 'vitest';
import { extractQuestions, ExtractedWriter } from '../../../../src/datasets/generation/extracted/extract-questions.ts';

const extract = (text: string, ...headings: string[]) => extractQuestions({ text, headings });
const asked = (text: string, ...headings: string[]) =>
  extract(text, ...headings).map(({ question, answer }) => [question, answer]);

test('a definition becomes a question about its thing, with the sentence as evidence', () => {
  const text = 'We like order. A **runbook** is a list of steps for an incident. It is short.';
  const [question] = extract(text);
  expect(question).toMatchObject({ question: 'What is a runbook?', answer: 'a list of steps for an incident' });
  expect(text.slice(question!.evidence!.start, question!.evidence!.end)).toContain(
    'is a list of steps for an incident.',
  );
});

test('sentences that only begin like definitions are left alone', () => {
  expect(asked('It is a list of steps that we wrote. There are people who know.')).toEqual([]);
});

test('a heading that says how to do something asks for it', () => {
  const first = 'Open the settings and choose the export.';
  expect(asked(`${first} Then wait.`, 'Manual', 'How to export your data')).toEqual([
    ['How do you export your data?', first],
  ]);
});

test('a table asks for each cell by its column and its row', () => {
  const table =
    '| Channel | Purpose | Owner |\n| --- | --- | --- |\n| help | all questions |  |\n| news | releases | Ada |';
  expect(asked(table)).toEqual([
    ['What is the purpose of help?', 'all questions'],
    ['What is the purpose of news?', 'releases'],
    ['What is the owner of news?', 'Ada'],
  ]);
});

test('a later piece of a long table has its columns in the heading', () => {
  expect(asked('| news | releases |', 'Chat', 'Columns: Channel, Purpose')).toEqual([
    ['What is the purpose of news?', 'releases'],
  ]);
});

test('no more than wanted are kept of a passage; the others are counted', async () => {
  const rows = Array.from({ length: 5 }, (_, i) => `| row ${i} | value ${i} |`).join('\n');
  const chunk = { id: 'c', documentId: 'd', headings: [], text: `| Name | Value |\n| --- | --- |\n${rows}` };
  const written = await new ExtractedWriter(2).write({ chunk, documentKey: 'd', place: 0 });
  expect(written.questions).toHaveLength(2);
  expect(written.drafts).toBe(5);
  expect(written.dropped).toEqual({ 'more than wanted': 3 });
});
