import { hasModelInCache } from '@mlc-ai/web-llm';
import { afterEach, describe, expect, test } from 'vitest';
import { generation } from '../../../src/generation/client.ts';
import { webLlmCatalogue } from '../../../src/generation/webllm/client.ts';
import { cacheAddress, forgetImported, provideImported } from '../../../src/generation/webllm/imported.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { addModel, deleteModel } from '../../../src/models/client.ts';

// No machine of these tests has a graphics card, so no model runs here. The folder is a stand-in: real names and a real
// manifest, two shards of a few bytes. What is tested is everything up to the library's own loading.
const FILES: Record<string, string> = {
  'mlc-chat-config.json': JSON.stringify({ model_type: 'llama', tokenizer_files: ['tokenizer.json'] }),
  'tensor-cache.json': JSON.stringify({
    metadata: { ParamSize: 1 },
    records: ['params_shard_0.bin', 'params_shard_1.bin'].map((dataPath) => ({
      dataPath,
      format: 'raw-shard',
      nbytes: 4,
      records: [],
    })),
  }),
  'tokenizer.json': '{}',
  'params_shard_0.bin': 'abcd',
  'params_shard_1.bin': 'efgh',
  'llama-webgpu.wasm': 'wasm',
  'README.md': '---\nlicense: apache-2.0\n---',
};
const picked = (without = '') =>
  Object.entries(FILES)
    .filter(([name]) => name !== without)
    .map(([name, text]) => ({ path: `tiny-mlc/${name}`, blob: new Blob([text]) }));
const added: string[] = [];

async function imported(without?: string) {
  const row = await addModel(picked(without));
  added.push(row.id);
  return { row, files: await openModel(row.id) };
}

afterEach(async () => {
  for (const id of added.splice(0)) await deleteModel(id);
  await forgetImported([]);
});

describe('a web-llm folder from this computer', () => {
  test("lies where the library looks for it: the library's own check finds the whole model", async () => {
    const { row, files } = await imported();
    expect(row).toMatchObject({ format: 'mlc', role: 'generator', licence: 'apache-2.0' });
    const config = await provideImported(files);
    expect(await hasModelInCache(row.id, config)).toBe(true);
    const record = config.model_list[0]!;
    const entry = async (scope: string, address: string) => (await (await caches.open(scope)).match(address))?.text();
    expect(await entry('webllm/wasm', record.model_lib)).toBe('wasm');
    expect(await entry('webllm/config', new URL('mlc-chat-config.json', record.model).href)).toContain('llama');
    expect(await entry('webllm/model', new URL('params_shard_1.bin', record.model).href)).toBe('efgh');
    expect(await entry('webllm/model', new URL('tokenizer.json', record.model).href)).toBe('{}');
    // A missing entry must not be asked of a server; names below ".invalid" never resolve.
    expect(new URL(record.model).hostname.endsWith('.invalid')).toBe(true);
  });

  test('leaves the caches when its model is deleted, others stay', async () => {
    const { row, files } = await imported();
    await provideImported(files);
    await forgetImported([row.id]);
    const cache = await caches.open('webllm/model');
    expect(await cache.match(cacheAddress(row.id, 'params_shard_0.bin'))).toBeDefined();
    await forgetImported([]);
    expect(await cache.match(cacheAddress(row.id, 'params_shard_0.bin'))).toBeUndefined();
  });

  test.each(['tokenizer.json', 'tensor-cache.json'])('without %s is refused by that name', async (name) => {
    const { files } = await imported(name);
    await expect(provideImported(files)).rejects.toMatchObject({
      code: 'webllm/incomplete',
      message: expect.stringContaining(name),
    });
  });

  test('without its compiled library is refused when it is added', async () => {
    await expect(addModel(picked('llama-webgpu.wasm'))).rejects.toMatchObject({
      code: 'models/not-understood',
      message: expect.stringContaining('.wasm'),
    });
  });
});

test('a machine without a graphics card is told so, by the real worker, before anything is fetched', async () => {
  const { row } = await imported();
  await expect(generation.load({ engine: 'webllm', modelId: row.id })).rejects.toMatchObject({ code: 'webllm/no-gpu' });
  expect(await generation.current()).toBeNull();
});

test('the catalogue lists generators only, smallest first', async () => {
  const models = await webLlmCatalogue();
  expect(models.length).toBeGreaterThan(20);
  expect(models.map(({ memoryBytes }) => memoryBytes)).toEqual(
    models.map((m) => m.memoryBytes).toSorted((a, b) => a - b),
  );
  expect(models.some(({ id }) => id.includes('embed'))).toBe(false);
});
