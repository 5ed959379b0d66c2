import { BlobReader, BlobWriter, TextReader, TextWriter, ZipReader, ZipWriter } from '@zip.js/zip.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withThought, withoutThought } from '../../../src/datasets/formats/conversations.ts';
import type { ExportFormat } from '../../../src/datasets/contract.ts';
import type { NewExample } from '../../../src/datasets/store.ts';
import type { ExampleRow, RunRow } from '../../../src/storage/schema.ts';
import { cardOfRun } from '../../../src/training/adapter-card.ts';
import { example, jsonl, studio, workspaceId } from '../../support/datasets.ts';

/** What a format may be asked to carry: letters of many scripts, quotes, line breaks, and markup of other formats. */
const words = fc.constantFrom(
  'leave',
  '“days”',
  'größer',
  '休暇',
  'a\nb',
  '<b>',
  '{"x": 1}',
  '# Q:',
  '\\n',
  '100 %',
  'Answer:',
);
const text = fc.array(words, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' '));
const passages = fc.uniqueArray(text, { minLength: 3, maxLength: 3 });
const draft = (i: number): fc.Arbitrary<NewExample> =>
  fc.record(
    {
      split: fc.constantFrom('train', 'validation', 'test'),
      question: text.map((question) => `${question} ${i}?`),
      answer: text,
      moreAnswers: fc.uniqueArray(text, { minLength: 1, maxLength: 2 }),
      thought: text,
      passage: text.map((passage) => `${passage} in passage ${i}`),
      headings: fc.array(text, { maxLength: 2 }),
      documentKey: fc.constantFrom('a.md', 'b/c.md'),
      negatives: fc.uniqueArray(text, { maxLength: 2 }),
      kind: fc.constantFrom('fact', 'comparison'),
      language: fc.constantFrom('en', 'de'),
      evidence: fc.constant({ start: 0, end: 3 }),
      morePassages: passages.map((texts) => texts.map((each) => ({ text: each, headings: [], documentKey: 'a.md' }))),
      provenance: fc.record(
        { origin: fc.constantFrom('writer', 'labelled'), seed: fc.nat() },
        { requiredKeys: ['origin'] },
      ),
      quality: fc.record({
        score: fc.constantFrom(0, 0.5, 1),
        findings: fc.constant([{ rule: 'length', verdict: 'passed' as const, score: 1, reason: 'Right.' }]),
      }),
      removedBy: fc.constant('length'),
      review: fc.constantFrom('accepted', 'rejected'),
      editedAt: fc.nat(),
    },
    { requiredKeys: ['split', 'question', 'answer', 'passage', 'headings', 'documentKey', 'negatives'] },
  ) as fc.Arbitrary<NewExample>;
const drafts = fc
  .integer({ min: 1, max: 5 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => draft(i))));
/** Plain rows, as others know them. */
const plain = drafts.map((rows) =>
  rows.map(({ split, question, answer, thought, passage, documentKey, negatives }) => ({
    ...{ split, question, answer, passage, documentKey, negatives, headings: [] },
    ...(thought && { thought }),
  })),
);

async function thereAndBack(rows: readonly NewExample[], format: ExportFormat): Promise<ExampleRow[]> {
  const { datasets, filled, rows: rowsOf } = await studio();
  const id = await filled(rows);
  const file = await datasets.export(id, { format, distractors: 0 });
  return rowsOf((await datasets.import(workspaceId, file)).datasetId);
}

const inParts = <T extends Pick<NewExample, 'split'>>(rows: readonly T[]) =>
  ['train', 'validation', 'test'].flatMap((part) => rows.filter(({ split }) => split === part));

describe('export and import', () => {
  it('lose nothing in the native format', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, async (rows) => {
        const back = await thereAndBack(rows, 'native');
        expect(back.map(({ id: _, datasetId: __, workspaceId: ___, ordinal: ____, ...row }) => row)).toEqual(rows);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['chat', ['split', 'question', 'answer', 'thought', 'passage']],
    ['sharegpt', ['split', 'question', 'answer', 'thought', 'passage']],
    ['alpaca', ['split', 'question', 'answer', 'thought', 'passage']],
    ['raft', ['split', 'question', 'answer', 'thought', 'passage', 'documentKey', 'negatives']],
    ['pairs', ['split', 'question', 'passage']],
  ] as const)('lose nothing in %s that it has a place for', async (format, fields) => {
    const kept = (rows: readonly NewExample[]) =>
      inParts(rows).map((row) => fields.map((field) => row[field as keyof NewExample]));
    await fc.assert(
      fc.asyncProperty(plain, async (rows) => {
        expect(kept(await thereAndBack(rows, format))).toEqual(kept(rows));
      }),
      { numRuns: 15 },
    );
  });

  it('keep the licence that was stated with the data set, and state it again without being asked', async () => {
    const { datasets, filled, db } = await studio();
    const id = await filled([example(0)]);
    await datasets.export(id, { format: 'native', licence: 'CC BY 4.0' });
    const file = await datasets.export(id, { format: 'native' });
    const { datasetId } = await datasets.import(workspaceId, file);
    expect((await db.datasets.get(datasetId))!.licence).toBe('CC BY 4.0');
    const of = { datasetId, workspaceId, datasetHash: '' };
    const run = { ...of, id: 'r', name: 'Run', task: 'embedder', settings: {} as RunRow['settings'] } as RunRow;
    expect(await cardOfRun(db, run)).toMatchObject({ dataLicence: 'CC BY 4.0' });
  });

  it('lose nothing in triplets of rows with negatives but write headings above passages, and give the others one of another document', async () => {
    const rows = [
      example(0, { negatives: ['Not this.', 'Nor that.'] }),
      example(1),
      example(2, { split: 'test' }),
      example(3, { kind: 'unanswerable', answer: '' }),
    ];
    const back = await thereAndBack(rows, 'triplets');
    expect(back.map(({ question, passage, negatives }) => [question, passage, negatives])).toEqual([
      [rows[0]!.question, `Leave\n${rows[0]!.passage}`, rows[0]!.negatives],
      [rows[1]!.question, `Leave\n${rows[1]!.passage}`, [expect.stringMatching(/^Leave\n.*country [03] /)]],
    ]);
  });

  it('say a refusal where there is no answer, and read it back as one', async () => {
    const rows = [example(0, { answer: '', kind: 'unanswerable' }), example(1, { answer: '' })];
    const back = await thereAndBack(rows, 'chat');
    expect(back.map(({ question, answer, kind }) => [question, answer, kind])).toEqual([
      [rows[0]!.question, '', 'unanswerable'],
    ]);
  });

  it('keep a reason apart from the answer whatever stands in both', () => {
    fc.assert(
      fc.property(text, text, (answer, thought) => {
        expect(withoutThought(withThought(answer, thought))).toEqual({ answer, thought });
      }),
    );
  });

  it('put wrong passages of the same part beside the right one, never one that has the answer', async () => {
    const { datasets, filled } = await studio();
    const rows = Array.from({ length: 6 }, (_, i) => example(i, { split: i === 5 ? 'test' : 'train' }));
    rows[1] = { ...rows[1]!, passage: 'The days of leave in country 0 are 10 days too.' };
    const file = await datasets.export(await filled(rows), { format: 'raft', distractors: 10 });
    const [first] = (await unzip(file))['train.jsonl']!.split('\n');
    const { context } = JSON.parse(first!) as { context: { sentences: [string[]] } };
    expect(context.sentences[0].toSorted()).toEqual([0, 2, 3, 4].map((i) => `Leave\n${rows[i]!.passage}`).toSorted());
  });

  it('come with a card that says what it is', async () => {
    const { datasets, filled } = await studio();
    const id = await filled([
      example(0, { kind: 'fact' }),
      example(1, { question: 'Leave?', split: 'test' }),
      example(2, { question: 'Eh?' }),
    ]);
    await datasets.check(id);
    const file = await datasets.export(id, { format: 'chat', licence: 'CC-BY-4.0' });
    const card = (await unzip(file))['README.md']!;
    for (const part of [
      'license: "CC-BY-4.0"',
      '| train | 1 |',
      '| fact | 1 |',
      '| Length | on | 2 | 1 |',
      'seed 1',
      'load_dataset',
    ])
      expect(card).toContain(part);
    expect(file.name).toBe('leave-chat.zip');
  });
});

describe('files of others', () => {
  it('are read as conversations, with the passage before the question or found by the answer', async () => {
    const { datasets, rows } = await studio({
      path: 'leave.md',
      passages: ['Unused days of leave expire in March, as every year.'],
    });
    const chat = (user: string, assistant: string) => ({
      messages: [
        { role: 'system', content: 'You are helpful.' },
        { role: 'user', content: user },
        { role: 'assistant', content: [{ type: 'text', text: assistant }] },
      ],
    });
    const result = await datasets.import(
      workspaceId,
      jsonl(
        'chat.jsonl',
        chat('Context: It rains in May.\n\nQuestion: When does it rain?', 'In May'),
        chat('When do days expire?', 'Unused days of leave expire in March'),
        chat('Who knows?', 'Nobody at all knows'),
        { messages: [{ role: 'user', content: 'Alone?' }] },
      ),
    );
    expect(
      (await rows(result.datasetId)).map(({ question, passage, documentKey }) => [
        question,
        passage,
        documentKey.slice(0, 8),
      ]),
    ).toEqual([
      ['When does it rain?', 'It rains in May.', expect.any(String)],
      ['When do days expire?', 'Unused days of leave expire in March, as every year.', 'leave.md'],
    ]);
    expect(result.refused.map(({ row }) => row)).toEqual([3, 4]);
  });

  const beir = {
    'nf/corpus.jsonl': [
      { _id: 'd1', title: 'Leave', text: 'There are 25 days.' },
      { _id: 'd2', text: 'Requests need two weeks.' },
    ],
    'nf/queries.jsonl': [
      { _id: 'q1', text: 'How much leave is there?' },
      { _id: 'q2', text: 'How long before?' },
    ],
  };
  const qrels = 'query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\nq2\td2\t2\nq9\td2\t1\n';

  it.each(['folder', 'zip'])('are read as a collection of BEIR from a %s', async (as) => {
    const texts = {
      ...Object.fromEntries(
        Object.entries(beir).map(([path, lines]) => [path, lines.map((line) => JSON.stringify(line)).join('\n')]),
      ),
      'nf/qrels/test.tsv': qrels,
      'nf/README.md': 'A collection.',
    };
    const { datasets, rows } = await studio();
    const files = as === 'zip' ? await zipped('nf.zip', texts) : folder(texts);
    expect(await datasets.preview(files)).toMatchObject({ format: 'beir', total: 3, readable: 2 });
    const { datasetId, counts, refused } = await datasets.import(workspaceId, files);
    expect(counts).toEqual({ train: 0, validation: 0, test: 2 });
    expect(refused).toEqual([{ row: 4, reason: 'the question is missing' }]);
    expect(
      (await rows(datasetId)).map(({ question, passage, headings, documentKey, kind }) => [
        question,
        passage,
        headings,
        documentKey,
        kind,
      ]),
    ).toEqual([
      ['How much leave is there?', 'There are 25 days.', ['Leave'], 'd1', undefined],
      ['How long before?', 'Requests need two weeks.', [], 'd2', undefined],
    ]);
  });

  it('are read by the columns that are asked for, after a look at what they would become', async () => {
    const { datasets, rows } = await studio();
    const file = new File(
      ['Frage;x,Antwort,Beleg\n'.replace(';x', ''), 'Wie viele?,25,Es sind 25 Tage.\n,1,2\n'],
      'de.csv',
    );
    const blind = await datasets.preview(file);
    expect([blind.format, blind.readable, blind.columns.map(({ name }) => name)]).toEqual([
      'rows',
      0,
      ['Frage', 'Antwort', 'Beleg'],
    ]);
    const mapping = { question: 'Frage', answer: 'Antwort', passage: 'Beleg' };
    const preview = await datasets.preview(file, mapping);
    expect(preview).toMatchObject({
      mapping,
      total: 2,
      readable: 1,
      rows: [{ row: 1, fields: { question: 'Wie viele?', answer: '25', passage: 'Es sind 25 Tage.' } }],
      problems: [{ row: 2, reason: 'the question is missing' }],
    });
    const { datasetId } = await datasets.import(workspaceId, file, { mapping });
    expect((await rows(datasetId))[0]).toMatchObject({ question: 'Wie viele?', provenance: { origin: 'imported' } });
  });

  it('are recognised although a line is broken', async () => {
    const { datasets } = await studio();
    const chat = (question: string) =>
      JSON.stringify({
        messages: [question, 'Four.'].map((content, i) => ({ role: ['user', 'assistant'][i], content })),
      });
    const file = new File([[chat('What is two and two?'), chat(''), 'no JSON'].join('\n')], 'chats.jsonl');
    expect(await datasets.preview(file)).toMatchObject({ format: 'chat', total: 3, readable: 1 });
  });

  it('can be read by other columns where they are pairs or Alpaca, starting with how they are read', async () => {
    const { datasets } = await studio();
    const alpaca = { instruction: 'When is it?', input: 'It is in May.', output: 'May', place: 'The fair is in May.' };
    const file = jsonl('alpaca.jsonl', alpaca);
    const before = await datasets.preview(file);
    expect(before).toMatchObject({ format: 'alpaca', mapping: { question: 'instruction', passage: 'input' } });
    const after = await datasets.preview(file, { ...before.mapping, passage: 'place' });
    expect([before, after].map(({ rows }) => rows[0]!.fields)).toMatchObject([
      { question: 'When is it?', passage: 'It is in May.', answer: 'May' },
      { question: 'When is it?', passage: 'The fair is in May.', answer: 'May' },
    ]);
    const pairs = await datasets.preview(jsonl('pairs.jsonl', { anchor: 'When is it?', positive: 'It is in May.' }));
    expect(pairs).toMatchObject({ format: 'pairs', mapping: { question: 'anchor', passage: 'positive' } });
    const triplet = { anchor: 'When is it?', positive: 'It is in May.', negative: 'It is in June.' };
    expect((await datasets.preview(jsonl('triplets.jsonl', triplet))).columns).toEqual([]);
  });

  it('say of what they take only the first: of several questions', async () => {
    const { datasets } = await studio();
    const turn = (role: string, content: string) => ({ role, content });
    const first = [turn('user', 'Why is it so?'), turn('assistant', 'Because it was.')];
    const chats = jsonl('chats.jsonl', { messages: [...first, turn('user', 'And now?'), turn('assistant', 'No.')] });
    expect((await datasets.preview(chats)).warning).toContain('1 conversation goes on after the first answer');
  });

  it('take all answers of a question that several people answered', async () => {
    const { datasets, rows } = await studio();
    const qas = [
      { question: 'When is it?', answers: [{ text: 'in May' }, { text: 'May' }] },
      { question: 'What is it?', answers: [{ text: 'a fair' }, { text: 'a fair' }] },
      { question: 'Who is it?', answers: [] },
    ];
    const squad = { data: [{ title: 'Fair', paragraphs: [{ context: 'In May there is a fair.', qas }] }] };
    const report = await datasets.import(workspaceId, jsonl('squad.json', squad));
    expect(report.note).not.toContain('several answers');
    const read = (await rows(report.datasetId)).map(({ answer, moreAnswers, kind }) => [answer, moreAnswers, kind]);
    expect(read).toEqual([
      ['in May', ['May'], undefined],
      ['a fair', undefined, undefined],
      ['', undefined, 'unanswerable'],
    ]);
    const table = jsonl('table.jsonl', { question: 'When is it?', answers: ['in May', 'May'], passage: 'In May.' });
    const listed = await datasets.import(workspaceId, table);
    expect((await rows(listed.datasetId))[0]).toMatchObject({ answer: 'in May', moreAnswers: ['May'] });
  });

  it('say before they are brought in that nothing is left to train on', async () => {
    const { datasets } = await studio();
    const lines = Array.from({ length: 3 }, (_, i) => ({ question: `Why ${i}?`, answer: 'So.', passage: `So ${i}.` }));
    const warningOf = async (name: string) => (await datasets.preview(jsonl(name, ...lines))).warning;
    expect(await warningOf('test-questions.jsonl')).toContain('nothing is left to train on');
    expect(await warningOf('questions.jsonl')).toBeUndefined();
    expect(await warningOf('train.jsonl')).toBeUndefined();
  });

  it('say that a question is unanswerable, or that they know no answers', async () => {
    const { datasets, rows } = await studio();
    const [with_, without] = [
      await datasets.import(workspaceId, jsonl('a.jsonl', { question: 'Why?', answer: '', passage: 'Well.' })),
      await datasets.import(workspaceId, jsonl('b.jsonl', { question: 'Why?', passage: 'Well.' })),
    ];
    expect([(await rows(with_.datasetId))[0]!.kind, (await rows(without.datasetId))[0]!.kind]).toEqual([
      'unanswerable',
      undefined,
    ]);
  });
});

function folder(texts: Record<string, string>): File[] {
  return Object.entries(texts).map(([path, content]) =>
    Object.defineProperty(new File([content], path.split('/').at(-1)!), 'webkitRelativePath', { value: path }),
  );
}

async function zipped(name: string, texts: Record<string, string>): Promise<File> {
  const zip = new ZipWriter(new BlobWriter());
  for (const [path, content] of Object.entries(texts)) await zip.add(path, new TextReader(content));
  return new File([await zip.close()], name);
}

async function unzip(file: Blob): Promise<Record<string, string>> {
  const entries = await new ZipReader(new BlobReader(file)).getEntries();
  const texts: Record<string, string> = {};
  for (const entry of entries) if (!entry.directory) texts[entry.filename] = await entry.getData(new TextWriter());
  return texts;
}
