import { expect, it } from 'vitest';
import { fittingWeights } from '../../../../src/engine/models/llama/training/frozen-matrix.ts';
import { loadModel } from '../../../../src/generation/local/load.ts';
import { starterModelFiles } from '../../../../src/models/node.ts';

it('decodes weights only where a step still has its memory beside them', async () => {
  const { llama } = await loadModel(await starterModelFiles('SmolLM2-135M-Instruct-Q4_1'));
  expect(fittingWeights(llama, 'wasm')).toBe('float32');
  expect(fittingWeights(llama, 'webgpu')).toBe('stored');
  const { weights, config } = llama;
  // As large as SmolLM2-360M: 1.4 GB decoded.
  const larger = { config, weights: { ...weights, layers: Array.from({ length: 3 }, () => weights.layers).flat() } };
  expect(fittingWeights(larger, 'wasm')).toBe('stored');
  expect(fittingWeights(larger, 'cpu')).toBe('float32');
});
