import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { mergeBert } from '../../../src/engine/adapters/merge-bert.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { streamSafetensors } from '../../../src/engine/formats/safetensors-writer.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';
import { randomAdapter } from '../../support/adapters.ts';

interface Golden {
  rows: { text: string; ids: number[]; vector: string }[];
}

const golden = JSON.parse(readFileSync('tests/fixtures/embedder/minilm.json', 'utf8')) as Golden;
const texts = golden.rows.map(({ text }) => text);
let embedder: Embedder;

beforeAll(async () => {
  embedder = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), { runtime: nodeRuntime() });
});
afterAll(() => embedder.dispose());

test('the tokenizer gives the ids that Transformers gives', async () => {
  const tokenizer = await createTokenizer(await starterModelFiles('all-MiniLM-L6-v2'));
  for (const { text, ids } of golden.rows)
    expect(tokenizer.encode(text).slice(0, ids.length - 1)).toEqual(ids.slice(0, -1));
});

test('a mixed batch gives the vectors that Transformers gives one by one', async () => {
  const vectors = await embedder.embed(texts, 'passage');
  golden.rows.forEach(({ text, vector }, row) => {
    const expected = new Float32Array(Uint8Array.from(Buffer.from(vector, 'base64')).buffer);
    const got = vectors.subarray(row * embedder.dimensions, (row + 1) * embedder.dimensions);
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - got[i]!)));
    expect(worst, text.slice(0, 40)).toBeLessThan(2e-5);
  });
});

test('int8 arithmetic keeps the direction, and a vector does not depend on its batch', async () => {
  const int8 = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), {
    runtime: nodeRuntime(),
    precision: 'int8',
  });
  const together = await int8.embed(texts, 'passage');
  for (const [row, { text, vector }] of golden.rows.entries()) {
    const expected = new Float32Array(Uint8Array.from(Buffer.from(vector, 'base64')).buffer);
    const got = together.subarray(row * int8.dimensions, (row + 1) * int8.dimensions);
    const cosine = expected.reduce((sum, value, i) => sum + value * got[i]!, 0);
    // Eight bits a row keep 0.9976 on average over two collections (docs/adr/0012); these texts are odder than those.
    expect(cosine, text.slice(0, 40)).toBeGreaterThan(0.985);
    // A scale for the whole batch would move components by 1e-2; another summation order may flip a rounding or two.
    const alone = await int8.embed([text], 'passage');
    expect(Math.max(...alone.map((value, i) => Math.abs(value - got[i]!)))).toBeLessThan(2e-3);
  }
  expect(int8.id).not.toBe(embedder.id);
  await int8.dispose();
});

test('an adapter gives what the same update merged into the weights gives, and the base stays as it was', async () => {
  const base = await starterModelFiles('all-MiniLM-L6-v2');
  const weightName = base.description.files.find(({ name }) => name.endsWith('.safetensors'))!.name;
  const config = await base.json<Record<string, unknown>>('config.json');
  const adapter = tuning(config);
  const few = texts.slice(0, 6);
  const before = await embedder.embed(few, 'query');
  const tuned = embedder.tuned!({ id: 'a', name: 'A', sha256: 'f'.repeat(64), kind: 'lora', adapter });
  const vectors = await tuned.embed(few, 'query');

  const file = await SafetensorsFile.open(await base.blob(weightName), weightName);
  const { tensors } = mergeBert(file, config, adapter, 'F32');
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of streamSafetensors(tensors)) parts.push(part as Uint8Array<ArrayBuffer>);
  const merged = await createEmbedder(
    { ...base, blob: async (name) => (name === weightName ? new Blob(parts) : base.blob(name)) },
    { runtime: nodeRuntime(), precision: 'float32' },
  );
  const expected = await merged.embed(few, 'query');
  // Sums of 384 and 1536 products in another order, through six layers.
  expect(worst(vectors, expected)).toBeLessThan(2e-5);
  expect(worst(vectors, before)).toBeGreaterThan(0.01);
  expect(worst(await embedder.embed(few, 'query'), before)).toBe(0);
  expect([tuned.id, tuned.adapter]).toEqual([`${embedder.id}+ffffffffffff`, { id: 'a', name: 'A' }]);
  // The session belongs to the base.
  await tuned.dispose();
  expect(worst(await embedder.embed(few, 'query'), before)).toBe(0);
  await merged.dispose();
});

test('an adapter of another model is refused by the module that does not fit', async () => {
  const adapter = tuning(await (await starterModelFiles('all-MiniLM-L6-v2')).json('config.json'));
  const [path, pair] = [...adapter.pairs][0]!;
  const tuned = (pairs: LoraAdapter['pairs']) =>
    embedder.tuned!({ id: 'a', name: 'A', sha256: '', kind: 'lora', adapter: { ...adapter, pairs } });
  expect(() => tuned(new Map([['encoder.layer.9.output.dense', pair]]))).toThrow('encoder.layer.9.output.dense');
  expect(() => tuned(new Map([[path, { ...pair, inFeatures: 7 }]]))).toThrow(
    `maps 7 to 384, not 384 to 384 in ${path}`,
  );
});

function worst(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

function tuning(config: Record<string, unknown>): LoraAdapter {
  return randomAdapter(bertModules(parseBertConfig(config, 'MiniLM')), { seed: 7, rank: 4 });
}
