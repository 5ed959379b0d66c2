import { beforeAll, describe, expect, test } from 'vitest';
import { buildPrompt, type PromptParts } from '../../../src/chat/prompt/build-prompt.ts';
import { condense } from '../../../src/chat/prompt/condense.ts';
import { isFollowUp } from '../../../src/chat/prompt/follow-up.ts';
import { relevanceOf } from '../../../src/chat/prompt/relevance.ts';
import type { Generator } from '../../../src/chat/contract.ts';
import type { ChatTurn } from '../../../src/generation/contract.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import type { SearchHit } from '../../../src/retrieval/contract.ts';
import type { PassageSnapshot } from '../../../src/storage/schema.ts';

let countTokens: (turns: ChatTurn[]) => Promise<number>;
beforeAll(async () => {
  const tokenizer = await createTokenizer(await starterModelFiles('all-MiniLM-L6-v2'));
  countTokens = (turns) =>
    Promise.resolve(turns.reduce((sum, { content }) => sum + tokenizer.encode(content).length + 4, 0));
});

function passage(number: number, text: string): PassageSnapshot {
  const id = `c${number}`;
  return {
    number,
    chunkId: id,
    documentId: 'd',
    documentName: 'rules.md',
    path: 'rules.md',
    headings: ['Leave'],
    start: 0,
    end: text.length,
    text,
    score: 1,
  };
}
const sentence = (word: string) => `The rule about ${word} is written down in this sentence of the handbook.`;
const parts = (over: Partial<PromptParts> = {}): PromptParts => ({
  systemPrompt: 'Answer from the passages.',
  question: 'What is the rule?',
  passages: [1, 2, 3, 4].map((n) => passage(n, `${sentence('leave')} ${sentence('travel')}`)),
  numbered: true,
  history: [],
  passageTokens: 1000,
  promptTokens: 2000,
  countTokens,
  ...over,
});

describe('the prompt', () => {
  test('numbers the passages with their document and headings and ends with the question', async () => {
    const { turns } = await buildPrompt(parts());
    expect(turns[0]).toEqual({ role: 'system', content: 'Answer from the passages.' });
    expect(turns.at(-1)!.content).toContain('[2] rules.md > Leave\nThe rule about leave');
    expect(turns.at(-1)!.content).toMatch(/Question: What is the rule\?$/);
  });

  test.each([60, 100, 200, 400])('keeps within %i tokens for passages, by the tokenizer', async (passageTokens) => {
    const { turns, passages } = await buildPrompt(parts({ passageTokens }));
    const empty = await countTokens((await buildPrompt(parts({ passages: [] }))).turns);
    expect(passages.length).toBeGreaterThan(0);
    expect((await countTokens(turns)) - empty).toBeLessThanOrEqual(passageTokens);
  });

  test('a first passage that is too long is cut after a sentence, and its end moves along', async () => {
    const long = passage(1, Array.from({ length: 30 }, () => sentence('leave')).join(' '));
    const { passages } = await buildPrompt(parts({ passages: [long], passageTokens: 100 }));
    expect(passages[0]!.text).toMatch(/handbook\.$/);
    expect(passages[0]!.text.length).toBeLessThan(long.text.length);
    expect(passages[0]!.end).toBe(passages[0]!.text.length);
  });

  test('history gives way before passages do, the oldest first', async () => {
    const history = [1, 2, 3].map((n) => ({ question: `Question ${n}`, answer: sentence(`answer ${n}`).repeat(3) }));
    const whole = await buildPrompt(parts({ history }));
    expect(whole.turns).toHaveLength(8);
    const tight = await buildPrompt(parts({ history, promptTokens: (await countTokens(whole.turns)) - 10 }));
    expect(tight.turns[1]).toEqual({ role: 'user', content: 'Question 2' });
    expect(tight.passages).toHaveLength(4);
  });

  test('a question that does not fit is refused with the way out', async () => {
    await expect(buildPrompt(parts({ question: 'why '.repeat(3000) }))).rejects.toMatchObject({
      code: 'generation/context-full',
    });
  });
});

const HISTORY = [{ question: 'When did Tesla arrive in New York?', answer: 'He arrived in 1884.' }];

describe('follow-ups', () => {
  test.each([
    'What did he do next?',
    'Why?',
    'And in Paris?',
    'How long did it last?',
    'What about the following year?',
    'Which one?',
  ])('"%s" needs the conversation', (question) => {
    expect(isFollowUp(question, HISTORY)).toBe(true);
    expect(isFollowUp(question, [])).toBe(false);
  });

  test.each([
    'How many expansions did the AFL team Denver Broncos have?',
    'What is the name of the law that regulates vacation?',
    'Which company bought the patents of Nikola Tesla?',
  ])('"%s" stands alone', (question) => expect(isFollowUp(question, HISTORY)).toBe(false));

  const generator = (text: string, engine: 'local' | 'endpoint'): Generator => ({
    info: {
      engine,
      modelId: 'm',
      modelName: 'm',
      device: '',
      contextTokens: 2048,
      memoryBytes: 100e6,
      leavesMachine: false,
      adapters: [],
    },
    countTokens,
    async *stream() {
      yield { text, done: true };
    },
  });
  const signal = new AbortController().signal;

  test('the starter model is not asked to rewrite; the words of the last question are put in front', async () => {
    const searched = await condense(
      'What did he do next?',
      HISTORY,
      'automatic',
      async () => generator('nonsense', 'local'),
      signal,
    );
    expect(searched).toBe('When did Tesla arrive in New York? What did he do next?');
  });

  test('an able model rewrites, and an empty rewrite falls back to the words', async () => {
    const rewrite = (text: string) =>
      condense('And then?', HISTORY, 'automatic', async () => generator(text, 'endpoint'), signal);
    expect(await rewrite('"What did Tesla do after 1884?"\nBecause …')).toBe('What did Tesla do after 1884?');
    expect(await rewrite('  ')).toContain('When did Tesla arrive');
  });

  test('a question that stands alone loads no model and stays as typed', async () => {
    let loaded = false;
    const load = async () => ((loaded = true), undefined);
    expect(
      await condense('Which company bought the patents of Nikola Tesla?', HISTORY, 'automatic', load, signal),
    ).toBeUndefined();
    expect(loaded).toBe(false);
  });
});

describe('relevance', () => {
  const hit = (text: string, cosine?: number): SearchHit => ({
    ...{ chunkId: 'c', chunkIds: ['c'], documentId: 'd', documentName: 'rules.md', path: 'rules.md', headings: [] },
    ...{ start: 0, end: text.length, text, score: 1, fused: { rank: 1, score: 1 }, matchedWords: [] },
    ...(cosine !== undefined && { dense: { rank: 1, score: cosine } }),
  });
  const question = 'How many days of leave do team members get?';

  test('falls with the similarity and with the words that are missing', () => {
    const leave = 'Team members get 25 days of leave.';
    expect(relevanceOf(question, [hit(leave, 0.7)])).toBeGreaterThan(0.9);
    expect(relevanceOf(question, [hit('The volcano erupted in the night.', 0.05)])).toBeLessThan(0.05);
    expect(relevanceOf(question, [hit('The office closes early.', 0.3)])).toBeLessThan(
      relevanceOf(question, [hit(leave, 0.3)]),
    );
  });

  test('is judged by words alone where there is no search model', () => {
    expect(relevanceOf(question, [hit('Team members get 25 days of leave.')])).toBeGreaterThan(0.9);
    expect(relevanceOf(question, [hit('The volcano erupted in the night.')])).toBeLessThan(0.05);
  });

  test('is 0 without hits and 1 for questions about the documents as a whole', () => {
    expect(relevanceOf(question, [])).toBe(0);
    expect(relevanceOf('What is this document about?', [hit('Anything.', 0.02)])).toBe(1);
    expect(relevanceOf('Give me a short summary', [hit('Anything.', 0.02)])).toBe(1);
  });
});
