import { expect, test } from 'vitest';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { llamaDecoderSuite, loadTinyLlama } from '../../support/engine-suites/llama-decoder.ts';
import { PlacementWatch } from '../../support/engine-suites/placement.ts';
import { readFixture } from './read-fixture.ts';

const placement = new PlacementWatch();

// On wasm, the starter generator itself is held against Transformers; here stored blocks of both kinds, biases, norms of
// queries and keys, and a sliding window.
llamaDecoderSuite(
  async () => placement.recording(await residentWebgpu()),
  readFixture,
  loadTinyLlama(readFixture),
  ['llama-q4_1', 'qwen2-q8_0', 'qwen3-q4_0', 'mistral-window'],
  [['blocks', 'fused']],
  1e-4,
);

test('serving computes nothing but shapes on the CPU', async () => {
  expect(placement.names.length).toBeGreaterThan(0);
  expect(await placement.fallbacks(await residentWebgpu())).toEqual([]);
});
