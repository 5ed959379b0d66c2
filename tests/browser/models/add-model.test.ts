import { beforeEach, expect, test } from 'vitest';
import { openModel } from '../../../src/models/catalogue.ts';
import { addModel, addModelFromHub, deleteModel, listModels } from '../../../src/models/client.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';
import { database } from '../../../src/storage/database.ts';
import tinyBert from '../../fixtures/embedder/tiny-bert.json';

const weights = await (await fetch(new URL('../../fixtures/embedder/tiny-bert.safetensors', import.meta.url))).blob();

beforeEach(async () => {
  await database().models.clear();
});

async function folder(change: Record<string, Blob | undefined> = {}) {
  const { vocab_size: size } = tinyBert.config;
  const vocab = Object.fromEntries(
    Array.from({ length: size }, (_, i) => [['[PAD]', '[UNK]', '[CLS]', '[SEP]'][i] ?? `word${i}`, i]),
  );
  const tokenizer = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
  const files: Record<string, Blob | undefined> = {
    'config.json': new Blob([JSON.stringify(tinyBert.config)]),
    'tokenizer.json': new Blob([JSON.stringify(tokenizer)]),
    'model.safetensors': weights,
    '1_Pooling/config.json': new Blob(['{"pooling_mode_cls_token": true}']),
    'README.md': new Blob(['---\nlicense: apache-2.0\n---\n# Tiny']),
    'picture.png': new Blob(['not needed']),
    ...change,
  };
  return Object.entries(files).flatMap(([path, blob]) => (blob ? [{ path: `tiny/${path}`, blob }] : []));
}

async function storedFolders(): Promise<string[]> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });
  return Array.fromAsync(root.keys());
}

test('a model folder is copied, hashed, listed, used and deleted', async () => {
  const steps: number[] = [];
  const row = await addModel(await folder(), { onProgress: (done) => steps.push(done) });
  expect(row).toMatchObject({
    name: 'tiny',
    role: 'embedder',
    format: 'safetensors',
    architecture: 'bert',
    licence: 'apache-2.0',
  });
  expect(row.files.map(({ name }) => name)).not.toContain('picture.png');
  const digest = await crypto.subtle.digest('SHA-256', await weights.arrayBuffer());
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  expect(row.files.find(({ name }) => name === 'model.safetensors')?.sha256).toBe(hex);
  expect(steps.at(-1)).toBe(row.bytes);

  const files = await openModel(row.id);
  expect((await createTokenizer(files)).encode('word7 word9')).toEqual([2, 7, 9, 3]);
  const embedder = await createEmbedder(files);
  const vector = await embedder.embed(['word7 word9'], 'query');
  await embedder.dispose();
  expect(Math.hypot(...vector)).toBeCloseTo(1, 5);

  await deleteModel(row.id);
  expect((await listModels()).map(({ id }) => id)).not.toContain(row.id);
  expect(await storedFolders()).toEqual([]);
});

test('the same files added twice are one model, and a crash in mid-addition leaves nothing for good', async () => {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });
  await root.getDirectoryHandle('left-by-a-crash', { create: true });
  const first = await addModel(await folder());
  const second = await addModel(await folder());
  expect(second.id).toBe(first.id);
  expect(await storedFolders()).toEqual([first.id]);
});

test('an addition that is cancelled leaves nothing', async () => {
  const control = new AbortController();
  const adding = addModel(await folder(), { signal: control.signal, onProgress: () => control.abort() });
  await expect(adding).rejects.toMatchObject({ name: 'AbortError' });
  expect(await database().models.count()).toBe(0);
  expect(await storedFolders()).toEqual([]);
});

test.each([
  [
    'an unknown architecture',
    { 'config.json': new Blob([JSON.stringify({ ...tinyBert.config, model_type: 'mamba' })]) },
    /mamba/,
  ],
  ['no tokenizer', { 'tokenizer.json': undefined }, /no tokenizer\.json/],
  ['cut weights', { 'model.safetensors': weights.slice(0, 20_000) }, /model\.safetensors.*incomplete/],
  ['a broken config', { 'config.json': new Blob(['{']) }, /config\.json is not JSON/],
])('a folder with %s is refused by name', async (_, change, message) => {
  await expect(addModel(await folder(change))).rejects.toThrow(message);
  expect(await database().models.count()).toBe(0);
});

test('something that is no model is refused with a way out', async () => {
  const adding = addModel([{ path: 'notes.txt', blob: new Blob(['hello']) }]);
  await expect(adding).rejects.toMatchObject({
    code: 'models/not-understood',
    wayOut: expect.stringContaining('.gguf') as string,
  });
});

test('the hub is not asked unless it was switched on', async () => {
  await expect(addModelFromHub('someone/something')).rejects.toMatchObject({ code: 'models/hub-off' });
});
