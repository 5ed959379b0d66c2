import { describe } from 'vitest';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { decoderTrainingSuite } from '../../support/training-suites/decoder.ts';
import { readFixture } from './read-fixture.ts';

describe('wasm, 2 threads', () => decoderTrainingSuite(() => residentWasm({ threads: 2 }), readFixture));

// The software adapter compiles a pipeline in tenths of a second.
describe('WebGPU', { timeout: 300_000 }, () =>
  decoderTrainingSuite(() => residentWebgpu(), readFixture, 1e-4, 'goldens'),
);
