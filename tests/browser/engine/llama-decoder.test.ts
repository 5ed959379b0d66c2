import { llamaDecoderSuite, loadTinyLlama } from '../../support/engine-suites/llama-decoder.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { readFixture } from './read-fixture.ts';

// On wasm, the starter generator itself is held against Transformers; here every tensor type, biases, norms of queries
// and keys, and a sliding window.
llamaDecoderSuite(
  () => residentWebgpu(),
  readFixture,
  loadTinyLlama(readFixture),
  ['llama-q4_1', 'qwen2-q8_0', 'qwen3-q4_0', 'mistral-window'],
  [['blocks', 'fused']],
  1e-4,
);
