import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { answeringAdapter } from '../../../src/chat/answerer.ts';
import { answerOther, ask } from '../../../src/chat/ask.ts';
import { attributeShortAnswer } from '../../../src/chat/attribution/short-answer.ts';
import { createChat, listMessages } from '../../../src/chat/chats.ts';
import type { AnswerAdapter, AskEvent, AskRequest, AskServices, Generator } from '../../../src/chat/contract.ts';
import { ANSWER_RECIPE, CLOSED_BOOK_RECIPE, withReasons } from '../../../src/chat/prompt/answer-recipe.ts';
import type { ChatTurn, GenerationOptions } from '../../../src/generation/contract.ts';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import { Retrieval } from '../../../src/retrieval/service.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { WorkspaceAdapters } from '../../../src/storage/schema.ts';
import { writeDocument } from '../../support/library.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { WordEmbedder } from '../../support/word-embedder.ts';

const LEAVE = 'Every employee has thirty days of paid vacation per year.';
const COFFEE = 'The coffee machine is descaled every Friday by the facility team.';
const STARTER: AnswerAdapter = {
  id: 'answers',
  name: 'Answers',
  modelId: 'm',
  purpose: 'answers',
  recipe: ANSWER_RECIPE,
};
const OWN: AnswerAdapter = { id: 'own', name: 'Own', modelId: 'm' };
const QUESTION = 'How many days of vacation does an employee have?';

let db: AttuneDatabase;
let chatId: string;
let retrieval: Retrieval;
let databases = 0;
/** What the generator was asked, in order. */
let asked: { turns: ChatTurn[]; options: GenerationOptions }[];
/** What it says with each adapter; 'base' without one. */
let says: Record<string, string>;

const generator: Generator = {
  info: {
    engine: 'local',
    modelId: 'm',
    modelName: 'Model',
    device: 'test',
    contextTokens: 2048,
    parameters: 135e6,
    memoryBytes: 0,
    leavesMachine: false,
    adapters: [],
  },
  countTokens: async (turns) => turns.reduce((sum, { content }) => sum + content.length / 4, 0),
  async *stream(turns, options) {
    asked.push({ turns, options });
    yield { text: says[options.adapter ?? 'base']!, done: false };
    const adapters = options.adapter ? [options.adapter] : [];
    const stats = { promptTokens: 1, outputTokens: 1, secondsToFirstToken: 0, tokensPerSecond: 1, adapters };
    yield { text: '', done: true, stats };
  },
};

let recipe = ANSWER_RECIPE;
beforeEach(async () => {
  recipe = ANSWER_RECIPE;
  db = new AttuneDatabase(`tuned-answer-${databases++}`);
  const own = db;
  onTestFinished(() => own.delete());
  asked = [];
  says = { base: 'Employees enjoy thirty days of paid vacation per year.', answers: 'thirty days [1]', own: LEAVE };
  const files = new FolderFiles(temporaryFolder());
  retrieval = new Retrieval({ database: db, files, embedders: { current: async () => new WordEmbedder() } });
  await use({});
  await writeDocument(db, 'w', { path: 'leave.md', passages: [{ text: LEAVE, headings: ['House', 'Leave'] }] });
  await writeDocument(db, 'w', { path: 'machines.md', passages: [COFFEE] });
  await retrieval.sync('w');
  chatId = (await createChat('w', 'Chat', db)).id;
});

const use = (adapters: WorkspaceAdapters) =>
  // The similarities of words' random vectors are not those that the threshold was calibrated on.
  db.workspaces.put({ id: 'w', name: 'W', createdAt: 0, updatedAt: 0, settings: { adapters, minimumRelevance: 0 } });
const services = (): AskServices => ({ retrieval, generator, adapters: async () => [{ ...STARTER, recipe }, OWN] });
const never = new AbortController().signal;

async function collect(events: AsyncIterable<AskEvent>) {
  let last: AskEvent | undefined;
  for await (const event of events) last = event;
  if (last?.type !== 'done') throw new Error('the last event has to be done');
  return last.message;
}
const answer = (more: Partial<AskRequest> = {}) =>
  collect(ask({ chatId, question: QUESTION, ...more }, services(), never, db));

test('an adapter that learned to answer by heart is shown no passage, and its answer says so and cites none', async () => {
  recipe = CLOSED_BOOK_RECIPE;
  says['answers'] = 'thirty days';
  const message = await answer();
  expect(message).toMatchObject({ kind: 'answer', text: 'thirty days', byHeart: true });
  expect(message.support).toBeUndefined();
  expect(asked.at(-1)!.turns.map(({ content }) => content)).toEqual([
    CLOSED_BOOK_RECIPE.system,
    `Question: ${QUESTION}`,
  ]);
  // What was found stands beside it all the same.
  expect(message.passages!.length).toBeGreaterThan(0);
  expect((await answer({ answerer: 'base' })).byHeart).toBeUndefined();
});

test('passages that fit badly are no reason not to ask a model that answers by heart', async () => {
  await db.workspaces.update('w', { settings: { minimumRelevance: 1 } });
  expect((await answer()).kind).toBe('notFound');
  recipe = CLOSED_BOOK_RECIPE;
  expect((await answer()).byHeart).toBe(true);
});

describe('which adapter answers', () => {
  const info = { engine: 'local', modelId: 'm' } as const;
  const chosen = (setting: WorkspaceAdapters['generator'], answerer?: 'base' | 'tuned', model = 'm') =>
    answeringAdapter([STARTER, OWN], { ...info, modelId: model }, setting, answerer)?.id;

  test('the starter unless the workspace says otherwise, and none for another model', () => {
    expect(chosen(undefined)).toBe('answers');
    expect(chosen('own')).toBe('own');
    expect(chosen(null)).toBeUndefined();
    expect(chosen('gone')).toBeUndefined();
    const asker: AnswerAdapter = { id: 'q', name: 'Questions', modelId: 'm', purpose: 'questions' };
    expect(answeringAdapter([asker], info, undefined, 'tuned')).toBeUndefined();
    expect(chosen(undefined, undefined, 'other')).toBeUndefined();
    expect(answeringAdapter([STARTER], { engine: 'endpoint', modelId: 'm' }, undefined)).toBeUndefined();
  });

  test('base and tuned are there for the asking', () => {
    expect(chosen('own', 'base')).toBeUndefined();
    expect(chosen(null, 'tuned')).toBe('answers');
    expect(chosen('own', 'tuned')).toBe('own');
    expect(answeringAdapter([OWN], info, null, 'tuned')?.id).toBe('own');
  });
});

describe('a tuned answer model', () => {
  test('is asked by the recipe it was trained with, and its citation is kept', async () => {
    const message = await answer();
    const [{ turns, options }] = asked as [(typeof asked)[0]];
    expect(turns[0]!.content).toBe(ANSWER_RECIPE.system);
    expect(turns[1]!.content).toMatch(/^\[1\] Leave: Every employee .*\n\[2\] .*\nQuestion: How many days/);
    expect(options).toMatchObject({ adapter: 'answers', repetitionPenalty: 1 });
    expect(message).toMatchObject({ kind: 'answer', text: 'thirty days [1]' });
    expect(message.support).toEqual([{ start: 0, end: 15, passages: [1], basis: 'cited' }]);
    expect(message.stats!.adapters).toEqual(['answers']);
  });

  test('that gives its reason first shows the answer alone, and keeps the reason', async () => {
    says['answers'] = 'Reason: The leave section says so.\nAnswer: thirty days [1]';
    recipe = withReasons(ANSWER_RECIPE);
    let shown = '';
    for await (const event of ask({ chatId, question: QUESTION }, services(), never, db))
      if (event.type === 'text') shown += event.text;
    expect(shown).toBe('thirty days [1]');
    const message = (await listMessages(chatId, db)).at(-1)!;
    expect(message).toMatchObject({ kind: 'answer', text: 'thirty days [1]', reason: 'The leave section says so.' });
    expect(asked[0]!.turns[0]!.content).toBe(recipe.system);
  });

  test('without a recipe is asked like its base', async () => {
    await use({ generator: 'own' });
    expect((await answer()).text).toBe(LEAVE.replace('.', ' [1].'));
    await use({ generator: null });
    await answer();
    const [own, base] = asked;
    expect(own!.turns).toEqual(base!.turns);
    expect([own!.options.adapter, base!.options.adapter]).toEqual(['own', null]);
    expect((await listMessages(chatId, db)).at(-1)!.stats!.adapters).toEqual([]);
  });

  test('that refuses gives "not in your documents", and what it wrote is kept', async () => {
    says['answers'] = 'Not in your documents.';
    const message = await answer();
    expect(message).toMatchObject({ kind: 'notFound', replacedText: 'Not in your documents.' });
    expect(message.text).toMatch(/^Your documents do not seem to answer this/);
    expect(message.stats).toBeDefined();
  });

  test('that says what no passage has gives way to the documents', async () => {
    says['answers'] = 'nine weeks [1]';
    expect(await answer()).toMatchObject({ kind: 'extractive', replacedText: 'nine weeks' });
  });
});

describe('the other answer', () => {
  test('comes from the same passages and stands beside the first', async () => {
    const first = await answer();
    const both = await collect(answerOther({ messageId: first.id }, services(), never, db));
    expect(both).toMatchObject({ id: first.id, text: first.text, other: { kind: 'answer', stats: { adapters: [] } } });
    expect(both.other!.text).toBe('Employees enjoy thirty days of paid vacation per year [1].');
    expect(asked.map(({ options }) => options.adapter)).toEqual(['answers', null]);
    expect(await listMessages(chatId, db)).toHaveLength(2);

    await use({ generator: null });
    const bare = await answer();
    expect(bare.stats!.adapters).toEqual([]);
    const tuned = await collect(answerOther({ messageId: bare.id }, services(), never, db));
    expect(tuned.other).toMatchObject({ text: 'thirty days [1]', stats: { adapters: ['answers'] } });
  });

  test('is refused with a reason where there is none', async () => {
    await use({ generator: null });
    const first = await answer();
    const without = { ...services(), adapters: async () => [] };
    await expect(collect(answerOther({ messageId: first.id }, without, never, db))).rejects.toMatchObject({
      code: 'chat/no-adapter',
    });
    expect((await db.messages.get(first.id))!.other).toBeUndefined();
    await expect(collect(answerOther({ messageId: 'gone' }, services(), never, db))).rejects.toMatchObject({
      code: 'chat/missing',
    });
  });
});

describe('the source of a short answer', () => {
  const sources = [COFFEE, LEAVE].map((text, i) => ({ number: i + 1, text }));
  const similarities = (a: string[], b: string[]) => retrieval.similarities(a, b);
  const sourceOf = async (text: string) => {
    const { support } = await attributeShortAnswer(QUESTION, text, sources, similarities, 0.5);
    return support.map(({ passages, basis }) => `${basis} ${passages.join()}`.trim()).join();
  };

  test('is the passage that it cites, or the one that has its words', async () => {
    expect(await sourceOf('thirty days [2]')).toBe('cited 2');
    expect(await sourceOf('thirty days [1]')).toBe('matched 2');
    expect(await sourceOf('thirty days')).toBe('matched 2');
  });

  test('is none for words or numbers that no passage has', async () => {
    expect(await sourceOf('ninety weeks of leisure [2]')).toBe('none');
    expect(await sourceOf('14 days of vacation [2]')).toBe('none');
    expect(await attributeShortAnswer(QUESTION, ' [1]', sources, similarities, 0.5)).toEqual({ text: '', support: [] });
  });
});
