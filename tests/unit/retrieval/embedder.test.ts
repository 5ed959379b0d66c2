import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
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
