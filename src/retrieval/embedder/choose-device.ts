import { usableGpu } from '../../engine/runtime/web.ts';
import { database } from '../../storage/database.ts';
import type { Embedder } from '../contract.ts';

export type EmbedderDevice = 'wasm' | 'webgpu';

/** What a measurement found, kept so that it is made once per GPU and model. */
interface DeviceMeasurement {
  gpu: string;
  device: EmbedderDevice;
  /** Seconds that the probe took on each. */
  seconds: Record<EmbedderDevice, number>;
}

/**
 * Loads the embedder where it runs fastest. Without a GPU worth using that is wasm, and nothing is measured; with one,
 * both are loaded once, a probe is timed on each, and the outcome is kept for the next start.
 *
 * A GPU on which loading or the probe fails counts as none.
 */
export async function chooseDevice<Loaded extends Embedder>(
  modelId: string,
  load: (device: EmbedderDevice) => Promise<Loaded>,
  findGpu: typeof usableGpu = usableGpu,
): Promise<Loaded> {
  const gpu = await findGpu();
  if (!gpu) return load('wasm');
  const key = settingOf(modelId);
  const known = (await database().settings.get(key))?.value as DeviceMeasurement | undefined;
  if (known?.gpu === gpu.name) return load(known.device).catch(() => load('wasm'));

  const onGpu = await load('webgpu').catch(() => undefined);
  const gpuSeconds = onGpu ? await probe(onGpu).catch(() => Infinity) : Infinity;
  const onWasm = await load('wasm');
  const seconds = { webgpu: gpuSeconds, wasm: await probe(onWasm) };
  const device = seconds.webgpu < seconds.wasm ? 'webgpu' : 'wasm';
  await database().settings.put({ key, value: { gpu: gpu.name, device, seconds } satisfies DeviceMeasurement });
  const [chosen, other] = device === 'webgpu' ? [onGpu!, onWasm] : [onWasm, onGpu];
  await other?.dispose();
  return chosen;
}

/** Where a model was measured to be faster in this browser; wasm where nothing was measured. */
export async function measuredDevice(modelId: string): Promise<EmbedderDevice> {
  const known = (await database().settings.get(settingOf(modelId)))?.value as DeviceMeasurement | undefined;
  const gpu = known && (await usableGpu());
  return known && known.gpu === gpu?.name ? known.device : 'wasm';
}

function settingOf(modelId: string): string {
  return `embedder-device/${modelId}`;
}

/** Seconds for a batch of ordinary passages, the first run (which compiles) left out. */
async function probe(embedder: Embedder): Promise<number> {
  const passages = Array.from(
    { length: 16 },
    (_, i) => `Passage ${i}. ${'The quick brown fox jumps over the dog. '.repeat(10)}`,
  );
  await embedder.embed(passages, 'passage');
  const start = performance.now();
  await embedder.embed(passages, 'passage');
  return (performance.now() - start) / 1000;
}
