import { openAsBlob, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertEncoderGraph } from '../../../src/engine/models/bert/encoder.ts';
import type { Pooling } from '../../../src/engine/models/bert/pooling.ts';
import { readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import { zeroLora } from '../../../src/engine/models/lora.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';

const runtime = nodeRuntime(1);
const fixtures = 'tests/fixtures/embedder';

interface TinyGolden {
  config: Record<string, unknown>;
  pooling: Pooling;
  ids: number[][];
  lengths: number[];
  vectors: string;
}

test.each(['tiny-bert', 'tiny-roberta'])('%s gives the vectors that Transformers gives', async (name) => {
  const golden = JSON.parse(readFileSync(`${fixtures}/${name}.json`, 'utf8')) as TinyGolden;
  const config = parseBertConfig(golden.config, name);
  const file = await SafetensorsFile.open(await openAsBlob(`${fixtures}/${name}.safetensors`), name);
  const model = bertEncoderGraph(config, await readBertWeights(file, config), {
    pooling: golden.pooling,
    precision: 'float32',
  });
  const session = await runtime.createSession(model);
  const [rows, columns] = [golden.ids.length, golden.ids[0]!.length];
  const mask = Int32Array.from(
    golden.ids.flatMap((_, row) => Array.from({ length: columns }, (__, i) => Number(i < golden.lengths[row]!))),
  );
  const { embedding } = await session.run({
    ids: runtime.tensor('int64', BigInt64Array.from(golden.ids.flat(), BigInt), [rows, columns]),
    mask: runtime.tensor('int32', mask, [rows, columns]),
    ...zeroLora(runtime, model),
  });
  await session.dispose();
  const expected = new Float32Array(Uint8Array.from(Buffer.from(golden.vectors, 'base64')).buffer);
  const got = embedding!.data as Float32Array;
  // Float32 sums of at most 64 products of size 1 through two layers: a few hundred units in the last place (6e-8).
  expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(2e-5);
});
