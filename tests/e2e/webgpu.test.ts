import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SOFTWARE_WEBGPU_FLAGS } from '../../scripts/chromium.mjs';
import { inChromium } from '../../scripts/bench/in-chromium.ts';

test('the encoder gives the reference vectors on WebGPU too, and a software adapter is not taken for a GPU', async () => {
  const { vectors, usable } = await inChromium<{ vectors: number[]; usable: boolean }>(
    'tests/e2e/webgpu-page.ts',
    'embedOnWebGpu',
    undefined,
    SOFTWARE_WEBGPU_FLAGS,
  );
  const golden = JSON.parse(readFileSync('tests/fixtures/embedder/tiny-bert.json', 'utf8')) as { vectors: string };
  const expected = new Float32Array(Uint8Array.from(Buffer.from(golden.vectors, 'base64')).buffer);
  // As on the other runtimes: a few hundred units in the last place of float32.
  expect(Math.max(...vectors.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(2e-5);
  expect(vectors).toHaveLength(expected.length);
  expect(usable).toBe(false);
});
