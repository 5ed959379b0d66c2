import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';

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
