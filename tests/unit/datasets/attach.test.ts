import { describe, expect, test } from 'vitest';
import { attachPassages } from '../../../src/datasets/attach.ts';
import type { RawExample } from '../../../src/datasets/formats/columns.ts';

const DOCUMENTS = [
  { id: 'd1', path: 'coast/harbour.txt', name: 'harbour.txt' },
  { id: 'd2', path: 'mill.txt', name: 'mill.txt' },
];
const PASSAGES = [
  { id: 'c1', documentId: 'd1', headings: [], text: 'The harbour lies in the north and has a lighthouse.' },
  { id: 'c2', documentId: 'd1', headings: [], text: 'It was dredged in 1912, when ships had grown.' },
  { id: 'c3', documentId: 'd2', headings: [], text: 'In 1912 the mill got its second wheel.' },
];

function row(changes: Partial<RawExample>): RawExample {
  return {
    row: 1,
    question: 'When was it dredged?',
    answer: '1912',
    headings: [],
    quotes: [],
    negatives: [],
    ...changes,
  };
}
const attached = async (rows: RawExample[]) =>
  (await attachPassages(rows, DOCUMENTS, PASSAGES)).map((passage) => passage?.id);

describe('a row that names a document and quotes nothing of it', () => {
  test('means the passage of that document that has the answer', async () => {
    expect(await attached([row({ document: 'coast/harbour.txt' }), row({ document: 'mill.txt' })])).toEqual([
      'c2',
      'c3',
    ]);
  });

  test('means the passage with most of its words where the answer stands nowhere', async () => {
    const question = 'Is there a lighthouse in the north?';
    expect(await attached([row({ document: 'harbour.txt', question, answer: 'yes' })])).toEqual(['c1']);
  });

  test('means nothing when the document is not there, or no document is named', async () => {
    expect(await attached([row({ document: 'elsewhere.txt' }), row({})])).toEqual([undefined, undefined]);
  });
});
