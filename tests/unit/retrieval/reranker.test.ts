import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FullLinear, LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX } from '../../../src/engine/models/bert/scoring-head.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import type { ModelFiles } from '../../../src/models/contract.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createReranker } from '../../../src/retrieval/reranker/create-reranker.ts';
import type { CrossEncoderReranker } from '../../../src/retrieval/reranker/cross-encoder-reranker.ts';
import { randomAdapter } from '../../support/adapters.ts';

const QUESTION = 'How many days of vacation does an employee have?';
const PASSAGES = [
  'Thirty days.',
  'Every employee has thirty days of paid vacation per year. Unused days expire at the end of March.',
  'House > Machines\nThe coffee machine is descaled every Friday by the facility team.',
  'Whales sing in the sea. '.repeat(120),
  '',
];
const named = { id: 'r', name: 'Ranker', sha256: 'a'.repeat(64) };
let files: ModelFiles;
let adapter: LoraAdapter;
let reranker: CrossEncoderReranker;

beforeAll(async () => {
  files = await starterModelFiles('all-MiniLM-L6-v2');
  adapter = ranker(await files.json<Record<string, unknown>>('config.json'), 1);
  reranker = await createReranker(files, { ...named, adapter }, { runtime: nodeRuntime() });
});
afterAll(() => reranker.dispose());

test('a pair scores the same in whatever company, and another adapter scores it otherwise', async () => {
  const together = await reranker.score(QUESTION, PASSAGES);
  expect(together).toHaveLength(PASSAGES.length);
  expect(new Set(together).size).toBe(PASSAGES.length);
  for (const [i, passage] of PASSAGES.entries()) {
    const [alone] = await reranker.score(QUESTION, [passage]);
    expect(Math.abs(alone! - together[i]!), passage.slice(0, 30)).toBeLessThan(1e-4);
  }
  const other = ranker(await files.json<Record<string, unknown>>('config.json'), 2);
  const second = await createReranker(files, { ...named, adapter: other }, { runtime: nodeRuntime() });
  expect(Math.abs((await second.score(QUESTION, PASSAGES))[1]! - together[1]!)).toBeGreaterThan(1e-3);
  await second.dispose();
});

test('question and passage are told apart, and a long passage loses its end', async () => {
  const [straight] = await reranker.score(QUESTION, [PASSAGES[1]!]);
  const [turned] = await reranker.score(PASSAGES[1]!, [QUESTION]);
  expect(Math.abs(straight! - turned!)).toBeGreaterThan(1e-4);
  const whales = (times: number, end: string) => 'Whales sing in the sea. '.repeat(times) + end;
  const [long, longer] = await reranker.score(QUESTION, [whales(60, ''), whales(80, 'Thirty days.')]);
  expect(Math.abs(long! - longer!)).toBeLessThan(1e-4);
});

test('a search that was overtaken ends between two batches', async () => {
  const controller = new AbortController();
  const many = Array.from({ length: 40 }, (_, i) => `${PASSAGES[3]} ${i}`);
  const scoring = reranker.score(QUESTION, many, controller.signal);
  controller.abort();
  await expect(scoring).rejects.toMatchObject({ name: 'AbortError' });
  expect(await reranker.score(QUESTION, PASSAGES.slice(0, 1), new AbortController().signal)).toHaveLength(1);
});

test('an adapter without a scoring head is refused', async () => {
  const headless = { ...named, adapter: { ...adapter, full: new Map<string, FullLinear>() } };
  await expect(createReranker(files, headless, { runtime: nodeRuntime() })).rejects.toMatchObject({
    code: 'adapters/unknown-module',
  });
});

function ranker(json: Record<string, unknown>, seed: number): LoraAdapter {
  const config = parseBertConfig(json, 'MiniLM');
  const head = { path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 };
  return randomAdapter(bertModules(config, CLASSIFIER_PREFIX), { seed, head });
}
