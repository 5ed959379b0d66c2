import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EngineWriter } from '../../../../src/datasets/generation/engine/engine-writer.ts';
import { parseReply } from '../../../../src/datasets/generation/engine/reply.ts';
import { kindsByShare } from '../../../../src/datasets/generation/kinds.ts';
import type { SourcePassage } from '../../../../src/datasets/generation/passage-writer.ts';
import { generationSettings, SHARE_KNOBS } from '../../../../src/datasets/generation/settings.ts';
import { EndpointEngine } from '../../../../src/generation/endpoint/endpoint-engine.ts';
import type { QuestionKind } from '../../../../src/storage/schema.ts';
import { OpenAiServer } from '../../../support/openai-server.ts';

const server = new OpenAiServer();
let url = '';
const replies: string[] = [];
server.reply = () => replies.shift()!;
beforeAll(async () => {
  url = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  replies.length = 0;
  server.requests.length = 0;
  server.counts = true;
});

const text = 'The museum opens at nine. Children under six enter free of charge. The café is closed on Mondays.';
const passage: SourcePassage = {
  chunk: { id: 'c1', documentId: 'd', headings: ['Museum'], text },
  documentKey: 'museum.md',
  place: 0,
  other: { id: 'c2', documentId: 'd', headings: ['Museum'], text: 'Tickets cost eight euros.' },
};
const never = new AbortController().signal;

function writer(kind: QuestionKind = 'fact', overrides: Record<string, unknown> = {}, model = 'scripted') {
  return new EngineWriter({
    engine: new EndpointEngine('e', 'Teacher', { baseUrl: url, model }),
    settings: generationSettings('engine', { perPassage: 2, ...overrides }),
    seed: 5,
    kinds: [kind],
  });
}

const item = (changes: object = {}) => ({
  question: 'Who gets into the museum for nothing?',
  thought: 'Young children do not pay.',
  evidence: 'Children under six enter free of charge.',
  answer: 'children under six',
  ...changes,
});
const reply = (...questions: object[]) => JSON.stringify({ questions });

describe('questions by a language model', () => {
  test('come with thought, answer and the evidence in its place', async () => {
    replies.push(reply(item({ evidence: 'children under six  enter “free” of charge' })));
    const { questions, drafts, tokens } = await writer().write(passage, never);
    expect(drafts).toBe(1);
    expect(questions).toMatchObject([
      { question: item().question, thought: item().thought, answer: item().answer, kind: 'fact' },
    ]);
    const { start, end } = questions[0]!.evidence!;
    expect(text.slice(start, end)).toBe('Children under six enter free of charge.');
    expect(tokens.prompt).toBe(7);
    expect(tokens.output).toBeGreaterThan(0);
  });

  test('are asked for with the prompts, the person and the language of the settings', async () => {
    replies.push(reply(item()));
    await writer('fact', { persona: 'a tourist', language: 'French', promptFact: 'Give {n} now.' }).write(
      passage,
      never,
    );
    const [system, user] = server.requests[0]!.body!.messages;
    expect(system!.content).toContain('a tourist');
    expect(system!.content).toContain('French');
    expect(user!.content).toContain('Museum\nThe museum opens at nine.');
    expect(user!.content).toMatch(/Give 2 now\.$/);
  });

  test('are asked for once more when they cannot be read, with what is wrong', async () => {
    replies.push('{"questions": [{"question": "Who', reply(item()));
    const { questions, tokens } = await writer().write(passage, never);
    expect(questions).toHaveLength(1);
    expect(server.requests).toHaveLength(2);
    const second = server.requests[1]!.body!.messages;
    expect(second.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(second.at(-1)!.content).toContain('JSON');
    expect(tokens.prompt).toBe(14);
  });

  test('of a server that does not count tokens say that theirs are estimated', async () => {
    replies.push(reply(item()), reply(item()));
    expect((await writer().write(passage, never)).tokens.estimated).toBeUndefined();
    server.counts = false;
    const { tokens } = await writer().write(passage, never);
    expect(tokens.estimated).toBe(true);
    expect(tokens.prompt).toBeGreaterThan(7);
  });

  test('are dropped and counted when the second try fails too', async () => {
    replies.push('I cannot do that.', 'Still no.');
    const { questions, drafts, dropped } = await writer().write(passage, never);
    expect([questions.length, drafts, dropped]).toEqual([0, 2, { 'reply could not be read': 2 }]);
  });

  test('are dropped by reason when they are no good', async () => {
    replies.push(
      reply(
        item(),
        item({ question: 'Who gets into the museum for nothing?' }),
        item({ question: 'What does the passage say about the café?' }),
        item({ question: 'When is the park open?', evidence: 'The park never closes.', answer: 'always' }),
        item({ question: 'When does the museum open its doors?', answer: '' }),
      ),
    );
    const { questions, dropped } = await writer().write(passage, never);
    expect(questions).toHaveLength(1);
    expect(dropped).toEqual({
      'asked before': 1,
      'speaks of its passage': 1,
      'evidence is not in the passage': 1,
      'has no answer': 1,
    });
  });

  test('that nothing answers have no answer and no evidence', async () => {
    replies.push(reply(item({ question: 'Is there a cloakroom?', evidence: '', answer: 'unknown' })));
    const { questions } = await writer('unanswerable').write(passage, never);
    expect(questions).toEqual([
      { question: 'Is there a cloakroom?', kind: 'unanswerable', thought: item().thought, answer: '' },
    ]);
  });

  test('on two passages read both and keep the second', async () => {
    replies.push(reply(item()));
    const { questions } = await writer('multi-passage').write(passage, never);
    expect(server.requests[0]!.body!.messages[1]!.content).toContain('Tickets cost eight euros.');
    expect(questions[0]!.morePassages).toEqual([
      { text: 'Tickets cost eight euros.', headings: ['Museum'], documentKey: 'museum.md', chunkId: 'c2' },
    ]);
  });

  test('name the version of their prompts, and that one was changed', () => {
    expect(writer().promptVersion).not.toContain('+');
    expect(writer('fact', { promptSystem: 'Ask.' }).promptVersion).toMatch(/\+$/);
  });

  test('skip a passage that does not fit the model, and count it', async () => {
    const { questions, dropped } = await writer('fact', {}, 'full').write(passage, never);
    expect([questions, dropped]).toEqual([[], { 'passage does not fit the model': 2 }]);
    await expect(writer('fact', {}, 'busy').write(passage, never)).rejects.toThrow();
  });

  test('end with an abort: half a reply is none', async () => {
    replies.push(reply(item()));
    const controller = new AbortController();
    const written = writer().write(passage, controller.signal);
    controller.abort();
    await expect(written).rejects.toThrow();
  });
});

describe('replies', () => {
  test.each([
    ['fenced', `Here you are:\n\`\`\`json\n${reply(item())}\n\`\`\`\nDone.`],
    ['a bare list', JSON.stringify([item()])],
    ['with a number as answer', reply(item({ answer: 6 }))],
  ])('are read when %s', (_, said) => {
    expect(parseReply(said)).toMatchObject({ questions: [{ question: item().question }] });
  });

  test.each([
    ['without questions', '{"questions": []}', /no questions/],
    ['of another shape', '{"questions": [{"answer": "x"}]}', /questions\.0\.question/],
  ])('%s say what is wrong', (_, said, error) => {
    expect(parseReply(said)).toEqual({ error: expect.stringMatching(error) as string });
  });
});

test('kinds stand at their shares after any number of passages', () => {
  const shares = fc.record(
    Object.fromEntries(Object.keys(SHARE_KNOBS).map((key) => [key, fc.integer({ min: 0, max: 100 })])),
  );
  fc.assert(
    fc.property(shares, fc.integer({ min: 1, max: 60 }), (overrides, count) => {
      const settings = generationSettings('engine', overrides);
      const total = Object.keys(SHARE_KNOBS).reduce((sum, key) => sum + settings[key as keyof typeof SHARE_KNOBS], 0);
      fc.pre(total > 0);
      const kinds = kindsByShare(settings, count);
      const given = (kind: QuestionKind) => kinds.filter((other) => other === kind).length;
      expect(Math.abs(given('fact') - (count * settings.shareFact) / total)).toBeLessThan(6);
      if (settings.shareUnanswerable === 0) expect(given('unanswerable')).toBe(0);
    }),
  );
  expect(
    kindsByShare(
      generationSettings('engine', {
        shareFact: 50,
        shareDefinition: 0,
        shareProcedure: 50,
        shareComparison: 0,
        shareMultiPassage: 0,
        shareUnanswerable: 0,
      }),
      4,
    ).sort(),
  ).toEqual(['fact', 'fact', 'procedure', 'procedure']);
});
