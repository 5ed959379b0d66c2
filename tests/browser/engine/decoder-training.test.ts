import { describe, expect, test } from 'vitest';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { PlacementWatch } from '../../support/engine-suites/placement.ts';
import { decoderTrainingSuite } from '../../support/training-suites/decoder.ts';
import { readFixture } from './read-fixture.ts';

const placement = new PlacementWatch();

describe('wasm, 2 threads', () => decoderTrainingSuite(() => residentWasm({ threads: 2 }), readFixture));

// The software adapter compiles a pipeline in tenths of a second.
describe('WebGPU', { timeout: 300_000 }, () => {
  const open = async () => placement.recording(await residentWebgpu());
  decoderTrainingSuite(open, readFixture, 1e-4, 'goldens');

  // Its decoder serves with float32 weights on the way, too.
  test('computes nothing but shapes on the CPU', async () => {
    expect(await placement.fallbacks(await residentWebgpu())).toEqual([]);
    expect(placement.names.length).toBeGreaterThanOrEqual(4);
  });
});
