import { afterEach, describe, expect, test } from 'vitest';
import { generation } from '../../../src/generation/client.ts';
import type { StreamPiece } from '../../../src/generation/contract.ts';
import { addModel, deleteModel } from '../../../src/models/client.ts';
import { bigramModel } from '../../support/bigram-model.ts';

// The real way in and through: files into the browser's storage, the generation worker, transformers.js on wasm. Only
// the model is a stand-in (see `bigram-model.ts`), so that its answer is known.
const OPTIONS = { maxNewTokens: 20, temperature: 0, topP: 1, topK: 1, repetitionPenalty: 1 };
const question = [{ role: 'user' as const, content: 'the mat' }];
const added: string[] = [];

async function load(first?: string): Promise<void> {
  const row = await addModel(bigramModel(`bigram-${first ?? 'plain'}`, first));
  added.push(row.id);
  expect(row).toMatchObject({ format: 'onnx', role: 'generator' });
  await generation.load({ engine: 'transformers', modelId: row.id });
}

async function pieces(signal = new AbortController().signal, onPiece = () => {}): Promise<StreamPiece[]> {
  const all: StreamPiece[] = [];
  for await (const piece of generation.stream(question, OPTIONS, signal)) {
    all.push(piece);
    onPiece();
  }
  return all;
}

afterEach(async () => {
  await generation.unload();
  for (const id of added.splice(0)) await deleteModel(id);
});

describe('a transformers.js model from a folder', () => {
  test('answers in pieces, with the tokens counted, and says where it runs', async () => {
    await load();
    expect(await generation.current()).toMatchObject({
      engine: 'transformers',
      contextTokens: 64,
      leavesMachine: false,
    });
    expect((await generation.current())!.device).toMatch(/^wasm, \d thread/);
    // <user> the mat <assistant>
    expect(await generation.countTokens(question)).toBe(4);
    const all = await pieces();
    expect(
      all
        .map(({ text }) => text)
        .join('')
        .trim(),
    ).toBe('the cat sat on mat');
    expect(all.length).toBeGreaterThan(3);
    expect(all.at(-1)).toMatchObject({ done: true, stats: { promptTokens: 4, outputTokens: 6 } });
  });

  test('is stopped with what it said, and can answer again at once', async () => {
    await load('again');
    const abort = new AbortController();
    let count = 0;
    const stopped = await pieces(abort.signal, () => ++count === 3 && abort.abort());
    expect(stopped.at(-1)!.done).toBe(true);
    expect(stopped.map(({ text }) => text).join('')).toMatch(/^(again ?)+$/);
    const whole = await pieces();
    expect(
      whole
        .map(({ text }) => text)
        .join('')
        .trim()
        .split(' '),
    ).toHaveLength(OPTIONS.maxNewTokens);
  });

  test('refuses a conversation that exceeds its context', async () => {
    await load();
    const long = [{ role: 'user' as const, content: 'mat '.repeat(80) }];
    const stream = generation.stream(long, OPTIONS, new AbortController().signal);
    await expect(stream.next()).rejects.toMatchObject({ code: 'generation/context-full' });
  });

  test('with files missing is refused by name', async () => {
    const files = bigramModel('broken').filter(({ path }) => !path.endsWith('tokenizer.json'));
    const row = await addModel(files);
    added.push(row.id);
    await expect(generation.load({ engine: 'transformers', modelId: row.id })).rejects.toMatchObject({
      code: 'transformers/failed',
      message: expect.stringContaining('broken'),
    });
  });
});
