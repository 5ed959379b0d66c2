import { describe, expect, test } from 'vitest';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { PlacementWatch } from '../../support/engine-suites/placement.ts';
import { crossEncoderTrainingSuite } from '../../support/training-suites/cross-encoder.ts';
import { encoderTrainingSuite } from '../../support/training-suites/encoder.ts';
import { readFixture } from './read-fixture.ts';

const placement = new PlacementWatch();

describe('wasm, 2 threads', () => {
  const open = () => residentWasm({ threads: 2 });
  encoderTrainingSuite(open, readFixture);
  crossEncoderTrainingSuite(open, readFixture);
});

// The software adapter compiles a pipeline in tenths of a second.
describe('WebGPU', { timeout: 300_000 }, () => {
  const open = async () => placement.recording(await residentWebgpu());
  encoderTrainingSuite(open, readFixture, 1e-4, 'goldens');
  crossEncoderTrainingSuite(open, readFixture, 1e-4, 'goldens');

  test('computes nothing but shapes on the CPU', async () => {
    expect(await placement.fallbacks(await residentWebgpu())).toEqual([]);
    expect(placement.names.length).toBeGreaterThanOrEqual(4);
  });
});
