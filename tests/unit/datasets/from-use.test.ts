import { beforeEach, describe, expect, it } from 'vitest';
import type { MessageRow, PassageSnapshot } from '../../../src/storage/schema.ts';
import { recordAnswer } from '../../../src/chat/record-answer.ts';
import { studio, workspaceId } from '../../support/datasets.ts';

const passage = (number: number, text: string): PassageSnapshot => ({
  number,
  text,
  chunkId: `c${number}`,
  documentId: 'd',
  documentName: 'leave.md',
  path: 'house/leave.md',
  headings: ['Leave'],
  start: 0,
  end: text.length,
  score: 1,
});
const passages = [passage(1, 'Coffee is free for everybody.'), passage(2, 'Everybody gets 30 days of leave.')];
const stats = { engine: 'endpoint', model: 'Large', adapters: [] } as unknown as MessageRow['stats'];

let clock = 0;
const message = (role: MessageRow['role'], text: string, more: Partial<MessageRow> = {}): MessageRow => ({
  id: `m${clock++}`,
  chatId: 'chat',
  workspaceId,
  role,
  text,
  createdAt: clock,
  ...(role === 'assistant' && { kind: 'answer', passages, stats }),
  ...more,
});
const asked = (text = 'How much leave is there?') => message('user', text);
const rated = (vote: 'up' | 'down', correctedAnswer?: string) => ({
  feedback: { vote, at: 0, ...(correctedAnswer && { correctedAnswer }) },
});
beforeEach(() => {
  clock = 0;
});

describe('rows from chats', () => {
  it('are liked and corrected answers with the passages that hold them, once', async () => {
    const { db, datasets, rows } = await studio();
    const support = [{ start: 0, end: 7, passages: [2], basis: 'cited' as const }];
    await db.messages.bulkAdd([
      asked(),
      message('assistant', '30 days [2].', { ...rated('up'), support, reason: 'It says so.' }),
      asked('And how many in all?'),
      message('assistant', '25 days [1].', {
        ...rated('down', '30 days of leave'),
        searchedAs: 'How many days in all?',
      }),
      asked('Why?'),
      message('assistant', 'Because.', rated('down')),
      asked('Who is the president?'),
      message('assistant', 'Your documents do not seem to answer this.', { ...rated('up'), kind: 'notFound' }),
      asked('Nobody rated this?'),
      message('assistant', 'No.'),
    ]);
    const report = await datasets.fromChats(workspaceId);
    expect(report).toMatchObject({ added: 3, skipped: { 'marked as wrong, without a correction': 1 } });
    const origin = { origin: 'chat', generator: 'Large' };
    expect(await rows(report.datasetId!)).toMatchObject([
      {
        question: 'How much leave is there?',
        answer: '30 days.',
        passage: passages[1]!.text,
        thought: 'It says so.',
        provenance: origin,
      },
      { question: 'How many days in all?', answer: '30 days of leave', chunkId: 'c2', review: 'accepted' },
      { question: 'Who is the president?', answer: '', kind: 'unanswerable', documentKey: 'house/leave.md' },
    ]);
    const again = await datasets.fromChats(workspaceId, { datasetId: report.datasetId! });
    expect(again).toMatchObject({ added: 0, skipped: { 'already in the data set': 3 } });
  });

  it('are none where nothing was rated, and then no data set is made', async () => {
    const { db, datasets } = await studio();
    expect(await datasets.fromChats(workspaceId)).toEqual({ datasetId: null, added: 0, skipped: {} });
    expect(await db.datasets.count()).toBe(0);
  });
});

describe('the recorder', () => {
  it('keeps what teachers answer while it is on, and makes rows of it', async () => {
    const { db, datasets, rows } = await studio();
    const question = asked();
    const answer = message('assistant', '30 days of leave [2], with coffee [1].', {
      searchedAs: 'How much leave is there now?',
    });
    await recordAnswer(question, answer, { recordAnswers: 'never' }, db);
    await recordAnswer(
      question,
      { ...answer, stats: { ...stats!, engine: 'local' } },
      { recordAnswers: 'teachers' },
      db,
    );
    await recordAnswer(question, { ...answer, kind: 'stopped' }, { recordAnswers: 'all' }, db);
    expect(await db.recordings.count()).toBe(0);
    await recordAnswer(question, answer, { recordAnswers: 'teachers' }, db);
    const { datasetId, added } = await datasets.fromRecordings(workspaceId, { name: 'From Large' });
    expect(added).toBe(1);
    expect(await rows(datasetId!)).toMatchObject([
      {
        question: 'How much leave is there now?',
        answer: '30 days of leave, with coffee.',
        kind: 'multi-passage',
        passage: passages[1]!.text,
        morePassages: [{ text: passages[0]!.text, documentKey: 'house/leave.md' }],
        provenance: { origin: 'recorded', generator: 'Large' },
      },
    ]);
    expect((await rows(datasetId!))[0]).not.toHaveProperty('review');
  });
});
