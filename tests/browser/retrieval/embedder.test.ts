import { expect, test } from 'vitest';
import { webRuntime } from '../../../src/engine/runtime/web.ts';
import { listModels, openModel } from '../../../src/models/catalogue.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';
import golden from '../../fixtures/embedder/minilm.json';

const texts = golden.rows.map(({ text }) => text);
const expected = golden.rows.map(({ vector }) => {
  const bytes = Uint8Array.from(atob(vector), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
});

test('the starter embedder is listed with its licence', async () => {
  const model = (await listModels()).find(({ id }) => id === 'all-MiniLM-L6-v2');
  expect(model).toMatchObject({ role: 'embedder', licence: 'Apache-2.0', location: { kind: 'origin' } });
});

test('float32 on wasm gives the vectors that Transformers gives', async () => {
  const runtime = await webRuntime({ device: 'wasm' });
  const embedder = await createEmbedder(await openModel('all-MiniLM-L6-v2'), { runtime, precision: 'float32' });
  const vectors = await embedder.embed(texts, 'passage');
  await embedder.dispose();
  expected.forEach((row, index) => {
    const got = vectors.subarray(index * embedder.dimensions, (index + 1) * embedder.dimensions);
    const worst = Math.max(...row.map((value, i) => Math.abs(value - got[i]!)));
    expect(worst, texts[index]!.slice(0, 40)).toBeLessThan(2e-5);
  });
});

test('left to itself it takes wasm threads and int8 where there is no real GPU, and keeps the direction', async () => {
  const embedder = await createEmbedder(await openModel('all-MiniLM-L6-v2'));
  expect(embedder.device).toMatch(/^wasm, [2-8] threads$/);
  expect(embedder.id).toMatch(/^all-MiniLM-L6-v2@[0-9a-f]{12}\/int8$/);
  const vectors = await embedder.embed(texts, 'passage');
  await embedder.dispose();
  expected.forEach((row, index) => {
    const got = vectors.subarray(index * embedder.dimensions, (index + 1) * embedder.dimensions);
    const cosine = row.reduce((sum, value, i) => sum + value * got[i]!, 0);
    expect(cosine, texts[index]!.slice(0, 40)).toBeGreaterThan(0.985);
  });
});
