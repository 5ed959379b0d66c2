import { openAsBlob, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SafetensorsFile } from '../../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../../src/engine/models/bert/config.ts';
import { crossEncoderFeeds, crossEncoderGraph } from '../../../../src/engine/models/bert/cross-encoder.ts';
import type { Precision } from '../../../../src/engine/models/bert/linear.ts';
import { bertModules } from '../../../../src/engine/models/bert/modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX, readPooler } from '../../../../src/engine/models/bert/scoring-head.ts';
import { LINEARS, readBertWeights } from '../../../../src/engine/models/bert/weights.ts';
import { nodeRuntime } from '../../../../src/engine/runtime/node.ts';
import { farthest, floats, formulaAdapter } from '../../../support/training-suites/golden.ts';

interface Golden {
  rank: number;
  alpha: number;
  scores: number[];
  groups: { pairs: number[][]; types: number[][] }[];
  pooler: { weight: string; bias: string };
}

const runtime = nodeRuntime(1);
const golden = JSON.parse(readFileSync('tests/fixtures/training/tiny-cross-encoder.json', 'utf8')) as Golden;
const { config: json } = JSON.parse(readFileSync('tests/fixtures/embedder/tiny-bert.json', 'utf8')) as {
  config: Record<string, unknown>;
};
const config = parseBertConfig(json, 'tiny-bert');
const head = { path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 };
const settings = { ...golden, rankStabilised: false, dropout: 0, targets: LINEARS };
const adapter = formulaAdapter(bertModules(config, CLASSIFIER_PREFIX), settings, head);
const openFile = async () =>
  SafetensorsFile.open(await openAsBlob('tests/fixtures/embedder/tiny-bert.safetensors'), 'tiny-bert');

async function graph(precision: Precision) {
  const pooler = { weight: floats(golden.pooler.weight), bias: floats(golden.pooler.bias) };
  return crossEncoderGraph(config, await readBertWeights(await openFile(), config), pooler, precision);
}

test.each([
  // Ten units in the last place.
  ['float32', 2e-6],
  // Weights and activations in 8 bits, over rows of 32: a real model's rounding averages out far more.
  ['int8', 2e-2],
] as const)('a served cross-encoder scores in %s as Transformers with PEFT does', async (precision, tolerance) => {
  const model = await graph(precision);
  const session = await runtime.createSession(model);
  const pairs = golden.groups.flatMap((group) => group.pairs);
  const types = golden.groups.flatMap((group) => group.types);
  const length = Math.max(...pairs.map((pair) => pair.length));
  const dims = [pairs.length, length];
  const padded = (rows: number[][]) =>
    rows.flatMap((row) => [...row, ...new Array<number>(length - row.length).fill(0)]);
  const { score } = await session.run({
    ids: runtime.tensor('int64', BigInt64Array.from(padded(pairs), BigInt), dims),
    mask: runtime.tensor('int32', Int32Array.from(padded(pairs.map((pair) => pair.map(() => 1)))), dims),
    types: runtime.tensor('float32', Float32Array.from(padded(types)), dims),
    ...crossEncoderFeeds(runtime, model, 'ranker', adapter),
  });
  await session.dispose();
  expect(farthest(score!.data as Float32Array, golden.scores)).toBeLessThan(tolerance);
});

test('an adapter without a scoring head is refused by name', async () => {
  const model = await graph('float32');
  expect(() => crossEncoderFeeds(runtime, model, 'Handbook', { ...adapter, full: new Map() })).toThrow(
    'Handbook has no scoring head',
  );
});

test('a file without a pooler says so by giving none', async () => {
  expect(await readPooler(await openFile())).toBeUndefined();
});
