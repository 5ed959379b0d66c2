import { describe } from 'vitest';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { crossEncoderTrainingSuite } from '../../support/training-suites/cross-encoder.ts';
import { encoderTrainingSuite } from '../../support/training-suites/encoder.ts';
import { readFixture } from './read-fixture.ts';

describe('wasm, 2 threads', () => {
  const open = () => residentWasm({ threads: 2 });
  encoderTrainingSuite(open, readFixture);
  crossEncoderTrainingSuite(open, readFixture);
});

// The software adapter compiles a pipeline in tenths of a second.
describe('WebGPU', { timeout: 300_000 }, () => {
  encoderTrainingSuite(() => residentWebgpu(), readFixture, 1e-4, 'goldens');
  crossEncoderTrainingSuite(() => residentWebgpu(), readFixture);
});
