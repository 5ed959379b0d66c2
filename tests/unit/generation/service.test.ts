import { expect, test } from 'vitest';
import type { ChatEngine, EngineKind, GenerationOptions, StreamPiece } from '../../../src/generation/contract.ts';
import { Generation } from '../../../src/generation/service.ts';

const OPTIONS: GenerationOptions = { maxNewTokens: 9, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1 };
const TURNS = [{ role: 'user' as const, content: 'count' }];

/** Counts upwards, one number per request, and keeps a diary of what was asked of it. */
function counter(modelId: string, diary: string[]): ChatEngine {
  let running = 0;
  return {
    info: {
      engine: 'local',
      modelId,
      modelName: modelId,
      device: 'test',
      contextTokens: 99,
      memoryBytes: 0,
      leavesMachine: false,
      adapters: [],
    },
    countTokens: async (turns) => turns.length,
    async *stream(_, { maxNewTokens }, signal): AsyncGenerator<StreamPiece> {
      if (++running > 1) throw new Error('two streams at once');
      try {
        for (let i = 1; i <= maxNewTokens && !signal.aborted; i++) {
          diary.push(`${modelId} ${i}`);
          yield { text: `${i} `, done: false };
        }
        yield { text: '', done: true };
      } finally {
        running--;
      }
    },
    dispose: async () => void diary.push(`${modelId} disposed`),
  };
}

function service() {
  const diary: string[] = [];
  const loads: string[] = [];
  const generation = new Generation(async ({ modelId }) => {
    loads.push(modelId);
    if (modelId === 'broken') throw new Error('no such model');
    return counter(modelId, diary);
  });
  const load = (modelId: string, engine: EngineKind = 'local') => generation.load({ engine, modelId });
  return { generation, load, diary, loads };
}

test('a token is computed only when it is asked for', async () => {
  const { generation, load, diary } = service();
  await load('a');
  const stream = await generation.begin(TURNS, OPTIONS);
  expect(diary).toEqual([]);
  expect(await generation.next(stream)).toEqual({ text: '1 ', done: false });
  expect(diary).toEqual(['a 1']);
});

test('a stopped stream ends with its next piece, and asking further gives nothing', async () => {
  const { generation, load } = service();
  await load('a');
  const stream = await generation.begin(TURNS, OPTIONS);
  await generation.next(stream);
  await generation.stop(stream);
  expect(await generation.next(stream)).toEqual({ text: '', done: true });
  expect(await generation.next(stream)).toEqual({ text: '', done: true });
});

test('a new stream ends the one before it', async () => {
  const { generation, load } = service();
  await load('a');
  const first = await generation.begin(TURNS, OPTIONS);
  await generation.next(first);
  const second = await generation.begin(TURNS, OPTIONS);
  expect(await generation.next(second)).toEqual({ text: '1 ', done: false });
  expect(await generation.next(first)).toEqual({ text: '', done: true });
});

test('the same model is loaded once; another one is loaded after the first has gone', async () => {
  const { generation, load, diary, loads } = service();
  await Promise.all([load('a'), load('a')]);
  expect(loads).toEqual(['a']);
  expect((await load('b')).modelId).toBe('b');
  expect(diary).toEqual(['a disposed']);
  await generation.unload();
  expect(await generation.current()).toBeNull();
  expect(diary).toEqual(['a disposed', 'b disposed']);
});

test('after a failed load nothing is loaded, and the next load works', async () => {
  const { generation, load } = service();
  await expect(load('broken')).rejects.toThrow('no such model');
  await expect(generation.begin(TURNS, OPTIONS)).rejects.toMatchObject({ code: 'generation/no-model' });
  expect((await load('a')).modelId).toBe('a');
});
