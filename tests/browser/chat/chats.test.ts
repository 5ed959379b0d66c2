import { beforeEach, describe, expect, test } from 'vitest';
import {
  createChat,
  deleteChat,
  listChats,
  listMessages,
  renameChat,
  restoreChat,
  searchChats,
  setFeedback,
} from '../../../src/chat/chats.ts';
import { exportChat } from '../../../src/chat/export-markdown.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { MessageRow } from '../../../src/storage/schema.ts';

let db: AttuneDatabase;
beforeEach(() => {
  db = new AttuneDatabase(`chats-${crypto.randomUUID()}`);
  return () => db.delete();
});

async function chatWith(title: string, ...texts: string[]): Promise<string> {
  const chat = await createChat('w', title, db);
  await db.messages.bulkAdd(
    texts.map((text, index): MessageRow => ({
      id: `${chat.id}-${index}`,
      chatId: chat.id,
      workspaceId: 'w',
      role: index % 2 === 0 ? 'user' : 'assistant',
      text,
      createdAt: index,
    })),
  );
  return chat.id;
}

describe('chats', () => {
  test('are found by title and by what was said, whatever case and accents, all words needed', async () => {
    const leave = await chatWith('Leave', 'How long is the Café open?', 'It closes at eight.');
    const other = await chatWith('Coffee break', 'When?', 'At ten.');
    const found = async (query: string) => (await searchChats('w', query, db)).map(({ chat }) => chat.id);
    expect(await found('cafe closes')).toEqual([leave]);
    expect(await found('COFFEE')).toEqual([other]);
    expect(await found('coffee closes')).toEqual([]);
    expect((await found('')).sort()).toEqual([leave, other].sort());
    expect((await searchChats('w', 'eight', db))[0]!.excerpt).toContain('closes at eight');
  });

  test('are listed with the last used first, and only those of the workspace', async () => {
    const [first, second] = [await chatWith('one'), await chatWith('two')];
    await createChat('another', 'three', db);
    await db.chats.update(first, { updatedAt: Date.now() + 1000 });
    expect((await listChats('w', db)).map(({ id }) => id)).toEqual([first, second]);
  });

  test('are renamed, and an empty title is refused', async () => {
    const id = await chatWith('one');
    await renameChat(id, '  Better  ', db);
    expect((await db.chats.get(id))!.title).toBe('Better');
    await expect(renameChat(id, ' ', db)).rejects.toMatchObject({ code: 'chat/no-title' });
  });

  test('are deleted with their messages, and an undo brings everything back', async () => {
    const id = await chatWith('one', 'question', 'answer');
    const [chat, messages] = [await db.chats.get(id), await listMessages(id, db)];
    const deleted = await deleteChat(id, db);
    expect([await db.chats.count(), await db.messages.count()]).toEqual([0, 0]);
    await restoreChat(deleted!, db);
    expect([await db.chats.get(id), await listMessages(id, db)]).toEqual([chat, messages]);
    expect(await deleteChat('gone', db)).toBeUndefined();
  });
});

test('a vote keeps the corrected answer, and taking it back removes both', async () => {
  const id = `${await chatWith('one', 'question', 'answer')}-1`;
  await setFeedback(id, { vote: 'down', correctedAnswer: ' Better answer. ' }, db);
  expect((await db.messages.get(id))!.feedback).toMatchObject({ vote: 'down', correctedAnswer: 'Better answer.' });
  await setFeedback(id, { vote: 'up' }, db);
  expect((await db.messages.get(id))!.feedback).not.toHaveProperty('correctedAnswer');
  await setFeedback(id, null, db);
  expect((await db.messages.get(id))!.feedback).toBeUndefined();
});

test('an export has the questions, the answers and the passages that are cited', async () => {
  const id = await chatWith('House rules', 'How much leave?', 'Thirty days [2].');
  const passage = {
    chunkId: 'c',
    documentId: 'd',
    documentName: 'leave.md',
    path: 'house/leave.md',
    headings: ['Leave'],
    start: 0,
    end: 9,
    score: 1,
  };
  await db.messages.update(`${id}-1`, {
    kind: 'answer',
    passages: [
      { ...passage, number: 1, text: 'Not cited.' },
      { ...passage, number: 2, page: 3, text: 'Thirty days\nof leave.' },
    ],
    support: [{ start: 0, end: 16, passages: [2], basis: 'cited' }],
    feedback: { vote: 'down', correctedAnswer: 'Thirty working days.', at: 0 },
  });
  const markdown = await exportChat(id, db);
  expect(markdown).toContain('# House rules\n\n## How much leave?\n\nThirty days [2].');
  expect(markdown).toContain('[2] house/leave.md › Leave › page 3\n\n> Thirty days\n> of leave.');
  expect(markdown).not.toContain('Not cited');
  expect(markdown).toContain('Thirty working days.');
  await expect(exportChat('gone', db)).rejects.toMatchObject({ code: 'chat/missing' });
});
