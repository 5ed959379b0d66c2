import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generation } from '../../../src/generation/client.ts';
import type { GenerationOptions, GenerationStats } from '../../../src/generation/contract.ts';
import { keepForTest } from '../../support/kept-adapters.ts';
import golden from '../../fixtures/llama/smollm2.json' with { type: 'json' };

const GREEDY: GenerationOptions = { maxNewTokens: 20, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1 };
const CHOICE = { engine: 'local', modelId: 'SmolLM2-135M-Instruct-Q4_1' } as const;
const chat = golden.chats[0]!.turns as { role: 'user'; content: string }[];

async function collect(turns = chat, options = GREEDY, signal = new AbortController().signal) {
  let text = '';
  let stats: GenerationStats | undefined;
  for await (const piece of generation.stream(turns, options, signal)) {
    text += piece.text;
    stats = piece.stats ?? stats;
  }
  return { text, stats: stats! };
}

describe('the starter generator in the generation worker', () => {
  const stages = new Set<string>();

  beforeAll(async () => {
    await generation.load(CHOICE, ({ stage }) => stages.add(stage));
  });
  afterAll(() => generation.stop());

  test('runs on wasm with threads and says how much memory it holds', async () => {
    const info = (await generation.current())!;
    expect(info).toMatchObject({ engine: 'local', leavesMachine: false, contextTokens: 8192, adapters: [] });
    expect(info.device).toMatch(/^wasm, [2-8] threads$/);
    expect(info.memoryBytes).toBeGreaterThan(100e6);
    expect(stages).toContain('Reading the model');
  });

  test('answers a chat prompt as Transformers does, token by token', async () => {
    const expected = golden.prompts.find(({ ids }) => ids.join() === golden.chats[0]!.ids.join())!;
    const { text, stats } = await collect(chat, { ...GREEDY, maxNewTokens: expected.greedy.length });
    expect(text).toBe(expected.text);
    expect(stats.promptTokens).toBe(golden.chats[0]!.ids.length);
    expect(stats.outputTokens).toBe(expected.greedy.length);
  });

  test('continues a conversation from its cached beginning with the same words as from scratch', async () => {
    const first = await collect();
    const turns = [
      ...chat,
      { role: 'assistant', content: first.text },
      { role: 'user', content: 'Why?' },
    ] as typeof chat;
    const cached = await collect(turns);
    await collect([{ role: 'user', content: 'Something else entirely' }]);
    const fresh = await collect(turns);
    expect(fresh.text).toBe(cached.text);
  });

  test('holds a reply to a schema, in a model that otherwise writes no JSON', async () => {
    const ask = [
      { role: 'user', content: 'Which is the capital of France, Paris or Rome? Reply as JSON with choice and reason.' },
    ] as typeof chat;
    const options = { ...GREEDY, maxNewTokens: 120 };
    const json = {
      type: 'object',
      properties: {
        choice: { enum: ['Paris', 'Rome'] },
        sure: { type: 'integer', minimum: 0, maximum: 4 },
        reasons: { type: 'array', items: { type: 'string', maxLength: 40 }, minItems: 1, maxItems: 2 },
      },
      required: ['choice', 'sure', 'reasons'],
      additionalProperties: false,
    };
    const free = await collect(ask, options);
    expect(() => void JSON.parse(free.text)).toThrow();
    const held = await collect(ask, { ...options, json });
    const reply = JSON.parse(held.text) as { choice: string; sure: number; reasons: string[] };
    expect(Object.keys(reply)).toEqual(['choice', 'sure', 'reasons']);
    expect(['Paris', 'Rome']).toContain(reply.choice);
    expect([0, 1, 2, 3, 4]).toContain(reply.sure);
    expect(reply.reasons.length).toBeGreaterThan(0);
    expect(reply.reasons.every((reason) => reason.length <= 40)).toBe(true);
    // It ends with the object, not with its tokens, and the next answer is free again.
    expect(held.stats.outputTokens).toBeLessThan(120);
    expect((await collect(ask, options)).text).toBe(free.text);
  });

  test('ends with what was said so far when it is stopped', async () => {
    const abort = new AbortController();
    let text = '';
    let last: GenerationStats | undefined;
    for await (const piece of generation.stream(chat, { ...GREEDY, maxNewTokens: 500 }, abort.signal)) {
      text += piece.text;
      last = piece.stats;
      if (text.length > 20) abort.abort();
    }
    expect(text.length).toBeLessThan(200);
    expect(last!.outputTokens).toBeLessThan(60);
  });

  test('refuses a conversation that is longer than its context, and still answers the next one', async () => {
    const long = [{ role: 'user' as const, content: 'word '.repeat(9000) }];
    await expect(collect(long)).rejects.toMatchObject({ code: 'generation/context-full' });
    expect((await collect()).text).toMatch(/gravity/i);
  });

  test('answers with an adapter and without from the same weights, and names what answered', async () => {
    const { id, name, bytes } = await keepForTest('generator', CHOICE.modelId, { size: 0.3 });
    const short = { ...GREEDY, maxNewTokens: 8 };
    const base = await collect(chat, short);
    // With the cache of an answer in it.
    const before = (await generation.current())!;
    const tuned = await collect(chat, { ...short, adapter: id });
    expect(tuned.text).not.toBe(base.text);
    expect([base.stats.adapters, tuned.stats.adapters]).toEqual([[], [name]]);
    const again = await collect(chat, { ...short, adapter: null });
    expect(again.text).toBe(base.text);
    expect((await collect(chat, { ...short, adapter: id })).text).toBe(tuned.text);
    const info = (await generation.current())!;
    expect(info.adapters).toEqual([name]);
    // Its matrices, with the zeros between those that share a product, and not a second model.
    expect(info.memoryBytes - before.memoryBytes).toBeLessThan(2 * bytes);
  });

  test('refuses an adapter that is gone or of another model, and still answers', async () => {
    await expect(collect(chat, { ...GREEDY, adapter: 'gone' })).rejects.toMatchObject({ code: 'adapters/unknown' });
    const { id } = await keepForTest('embedder', 'all-MiniLM-L6-v2');
    await expect(collect(chat, { ...GREEDY, adapter: id })).rejects.toMatchObject({ code: /^adapters\// });
    expect((await collect()).text).toMatch(/gravity/i);
  });
});
