import { beforeEach, expect, test } from 'vitest';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { chooseDevice, type EmbedderDevice } from '../../../src/retrieval/embedder/choose-device.ts';
import { database } from '../../../src/storage/database.ts';

/** A stand-in that only takes time: no machine of the tests has a GPU, and choosing is about time alone. */
class FakeEmbedder implements Embedder {
  readonly id = 'fake';
  readonly dimensions = 1;
  readonly maxTokens = 1;
  readonly device: EmbedderDevice;
  disposed = false;
  #work: number;

  constructor(device: EmbedderDevice, work: number) {
    this.device = device;
    this.#work = work;
  }

  embed(texts: string[]): Promise<Float32Array> {
    const end = performance.now() + this.#work;
    while (performance.now() < end);
    return Promise.resolve(new Float32Array(texts.length));
  }

  dispose(): Promise<void> {
    this.disposed = true;
    return Promise.resolve();
  }
}

function machine(work: Record<EmbedderDevice, number>) {
  const made: FakeEmbedder[] = [];
  const load = (device: EmbedderDevice): Promise<FakeEmbedder> => {
    if (!Number.isFinite(work[device])) return Promise.reject(new Error(`${device} failed`));
    const embedder = new FakeEmbedder(device, work[device]);
    made.push(embedder);
    return Promise.resolve(embedder);
  };
  return { made, load };
}

const gpu = () => Promise.resolve({ name: 'some GPU', f16: true });
const noGpu = () => Promise.resolve(undefined);

beforeEach(() => database().settings.clear());

test('the faster device is kept, the other one freed', async () => {
  const { made, load } = machine({ wasm: 60, webgpu: 1 });
  expect((await chooseDevice('m', load, gpu)).device).toBe('webgpu');
  expect(made.map(({ device, disposed }) => [device, disposed])).toEqual([
    ['webgpu', false],
    ['wasm', true],
  ]);
});

test('a GPU that is slower is not used', async () => {
  const { load } = machine({ wasm: 1, webgpu: 60 });
  expect((await chooseDevice('m', load, gpu)).device).toBe('wasm');
});

test('the second start does not measure again', async () => {
  await chooseDevice('m', machine({ wasm: 1, webgpu: 60 }).load, gpu);
  const { made, load } = machine({ wasm: 60, webgpu: 1 });
  expect((await chooseDevice('m', load, gpu)).device).toBe('wasm');
  expect(made).toHaveLength(1);
});

test('a GPU on which the model fails counts as none', async () => {
  const { load } = machine({ wasm: 1, webgpu: Infinity });
  expect((await chooseDevice('m', load, gpu)).device).toBe('wasm');
});

test('without a GPU nothing is measured', async () => {
  const { made, load } = machine({ wasm: 1, webgpu: 1 });
  expect((await chooseDevice('m', load, noGpu)).device).toBe('wasm');
  expect(made).toHaveLength(1);
  expect(await database().settings.count()).toBe(0);
});
