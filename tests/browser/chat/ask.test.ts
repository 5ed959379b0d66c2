import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { ask } from '../../../src/chat/ask.ts';
import { createChat, listChats, listMessages } from '../../../src/chat/chats.ts';
import type { AskEvent, AskRequest, AskServices } from '../../../src/chat/contract.ts';
import { EndpointEngine } from '../../../src/generation/endpoint/endpoint-engine.ts';
import { retrieval } from '../../../src/retrieval/client.ts';
import { database } from '../../../src/storage/database.ts';
import { writeDocument } from '../../support/library.ts';

// The real search worker and model, the real database; the generator is a real engine whose HTTP server repeats the
// prompt (`echo`) or never ends (`endless`), so that what the model was asked can be seen.
const workspaceId = 'ask-test';
const LEAVE = 'Every employee has thirty days of paid vacation per year. Unused days expire at the end of March.';
const RAMBLING = 'Achieving your goals is a journey through the world around you.';
const COFFEE = 'The coffee machine is descaled every Friday by the facility team.';
let url = '';
let chatId = '';

beforeAll(async () => {
  url = await commands.startOpenAiServer();
  await database().workspaces.put({
    id: workspaceId,
    name: 'Test',
    createdAt: 0,
    updatedAt: 0,
    settings: { passageCount: 2 },
  });
  await writeDocument(database(), workspaceId, { path: 'house/leave.md', passages: [LEAVE] });
  await writeDocument(database(), workspaceId, { path: 'house/machines.md', passages: [COFFEE] });
  await retrieval.sync(workspaceId);
});
afterAll(async () => {
  await commands.stopOpenAiServer(url);
  await retrieval.removeWorkspace(workspaceId);
});
beforeEach(async () => {
  chatId = (await createChat(workspaceId)).id;
});

const engine = (model: string) => new EndpointEngine('e', 'Test', { baseUrl: url, model });

async function run(
  request: Partial<AskRequest> & { question: string },
  generator?: AskServices['generator'],
  onEvent: (event: AskEvent, abort: () => void) => void = () => {},
): Promise<AskEvent[]> {
  const abort = new AbortController();
  const events: AskEvent[] = [];
  const services = { retrieval, ...(generator && { generator }) };
  for await (const event of ask({ chatId, ...request }, services, abort.signal)) {
    events.push(event);
    onEvent(event, () => abort.abort());
  }
  return events;
}
const answerOf = (events: AskEvent[]) => {
  const last = events.at(-1)!;
  if (last.type !== 'done') throw new Error(`the last event is ${last.type}`);
  return last.message;
};

describe('a question', () => {
  test('is answered from its passages, streamed, attributed and kept with its statistics', async () => {
    const events = await run({ question: 'How many days of vacation does an employee have?' }, engine('echo'));
    const stages = events.flatMap((event) => (event.type === 'stage' ? [event.stage] : []));
    expect(stages).toEqual(['condensing', 'searching', 'writing', 'checking']);
    expect(events.filter((event) => event.type === 'text').length).toBeGreaterThan(5);
    const answer = answerOf(events);
    expect(answer.kind).toBe('answer');
    expect(answer.text).toContain('Every employee has thirty days of paid vacation per year [1].');
    expect(answer.passages![0]).toMatchObject({ number: 1, path: 'house/leave.md', denseRank: 1 });
    expect(answer.stats).toMatchObject({ engine: 'endpoint', promptTokens: 7 });
    const held = answer.support!.find(({ start, end }) => answer.text.slice(start, end).startsWith('Every employee'));
    expect(held).toMatchObject({ passages: [1] });
    expect(await listMessages(chatId)).toEqual([expect.objectContaining({ role: 'user' }), answer]);
    expect((await listChats(workspaceId))[0]!.title).toBe('How many days of vacation does an employee have?');
  });

  test('is stored, and its passages shown, before the answer model is loaded', async () => {
    let atLoad: unknown[] = [];
    const seen: string[] = [];
    const events = await run(
      { question: 'How many days of vacation do I have?' },
      async () => {
        atLoad = [(await listMessages(chatId)).length, ...seen];
        return engine('echo');
      },
      (event) => seen.push(event.type),
    );
    expect(atLoad[0]).toBe(1);
    expect(atLoad).toContain('passages');
    expect(answerOf(events).kind).toBe('answer');
  });

  test('for a small model is put with the best sentences alone, and a question that it asks itself is cut off', async () => {
    const settings = { reading: 'sentences' };
    const answer = answerOf(await run({ question: 'When is the coffee machine descaled?', settings }, engine('echo')));
    // The server repeats what it was asked, the question included.
    expect(answer.text).toBe(COFFEE.replace('.', ' [1].'));
    expect(answer.kind).toBe('answer');
    expect(answer.passages!.length).toBeGreaterThan(1);
  });

  test('gets the sentences of the documents where nothing of what the model wrote holds; what it wrote is kept', async () => {
    const question = { question: 'When is the coffee machine descaled?' };
    const answer = answerOf(await run(question, engine('rambling')));
    expect(answer).toMatchObject({ kind: 'extractive', text: `${COFFEE} [1]`, replacedText: RAMBLING });
    const shown = answerOf(await run({ ...question, settings: { whenUnsupported: 'show' } }, engine('rambling')));
    expect(shown).toMatchObject({ kind: 'answer', text: RAMBLING });
    expect(shown.replacedText).toBeUndefined();
  });

  test('without an answer model gets the sentences of the documents, labelled', async () => {
    const answer = answerOf(await run({ question: 'When is the coffee machine descaled?' }));
    expect(answer.kind).toBe('extractive');
    expect(answer.text).toBe(`${COFFEE} [1]`);
    expect(answer.support).toHaveLength(1);
    expect(answer.stats).toBeUndefined();
  });

  test('that the documents do not answer gets no invention but the nearest passages', async () => {
    const events = await run({ question: 'Who won the battle of Hastings in 1066?' }, engine('echo'));
    const answer = answerOf(events);
    expect(answer.kind).toBe('notFound');
    expect(answer.passages!.length).toBeGreaterThan(0);
    expect(events.some((event) => event.type === 'text')).toBe(false);
    expect(events.find((event) => event.type === 'passages')).toMatchObject({ weak: true });
  });

  test('that follows another is searched together with it, and only then sees the history', async () => {
    await run({ question: 'How many days of vacation does an employee have?' }, engine('echo'));
    const answer = answerOf(
      await run({ question: 'When do they expire?', settings: { rewriteFollowUps: 'words' } }, engine('echo')),
    );
    expect(answer.searchedAs).toBe('How many days of vacation does an employee have? When do they expire?');
    expect(answer.passages![0]!.path).toBe('house/leave.md');
    expect(
      answerOf(await run({ question: 'When is the coffee machine descaled?' }, engine('echo'))).searchedAs,
    ).toBeUndefined();
  });

  test('keeps to the chosen folder', async () => {
    const answer = answerOf(await run({ question: 'How many vacation days?', documentIds: ['none'] }));
    expect(answer).toMatchObject({ kind: 'notFound', passages: [] });
  });
});

describe('an answer', () => {
  test('that is stopped is kept as far as it came, with its statistics', async () => {
    let pieces = 0;
    const events = await run(
      { question: 'How many days of vacation do I have?' },
      engine('endless'),
      (event, abort) => {
        if (event.type === 'text' && ++pieces === 3) abort();
      },
    );
    const answer = answerOf(events);
    expect(answer.kind).toBe('stopped');
    expect(answer.text).toBe('again again again');
    expect(answer.stats!.outputTokens).toBe(3);
    expect((await listMessages(chatId)).at(-1)).toEqual(answer);
  });

  test('that fails says why and the way out, and what came before the failure is kept', async () => {
    const answer = answerOf(await run({ question: 'How many days of vacation do I have?' }, engine('failing')));
    expect(answer).toMatchObject({ kind: 'failed', problem: { code: 'endpoint/server-failed' } });
    expect(answer.text).toContain('thirty days');
    expect(answer.problem!.wayOut).not.toBe('');
  });

  test('can be made again: the later messages give way, the question stays the same row', async () => {
    const [first] = await run({ question: 'How many days of vacation do I have?' }, engine('dropping'));
    const questionId = first!.type === 'question' ? first!.message.id : '';
    await run({ question: 'When is the coffee machine descaled?' });
    await run({ question: 'How many days of vacation do I have?', questionId }, engine('echo'));
    const messages = await listMessages(chatId);
    expect(messages.map(({ role, kind }) => kind ?? role)).toEqual(['user', 'answer']);
    expect(messages[0]!.id).toBe(questionId);
  });
});

test('a question to a chat that is gone, and an empty one, are refused', async () => {
  await expect(run({ question: 'Anything?', chatId: 'gone' })).rejects.toMatchObject({ code: 'chat/missing' });
  await expect(run({ question: '  ' })).rejects.toMatchObject({ code: 'chat/no-question' });
});
