/** Runs in the browser, called by `webgpu.test.ts`. */
import { SafetensorsFile } from '../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../src/engine/models/bert/config.ts';
import { bertEncoderGraph } from '../../src/engine/models/bert/encoder.ts';
import { readBertWeights } from '../../src/engine/models/bert/weights.ts';
import { zeroLora } from '../../src/engine/models/lora.ts';
import { usableGpu, webRuntime } from '../../src/engine/runtime/web.ts';
import golden from '../fixtures/embedder/tiny-bert.json';

/** The tiny encoder's vectors on WebGPU, and whether the app itself would use this adapter. */
export async function embedOnWebGpu(): Promise<{ vectors: number[]; usable: boolean }> {
  const config = parseBertConfig(golden.config, 'tiny');
  const blob = await (await fetch('/tests/fixtures/embedder/tiny-bert.safetensors')).blob();
  const weights = await readBertWeights(await SafetensorsFile.open(blob, 'tiny'), config, false);
  const model = bertEncoderGraph(config, weights, { pooling: 'cls', precision: 'float32' });
  const runtime = await webRuntime({ device: 'webgpu' });
  const session = await runtime.createSession(model, { name: 'tiny' });
  const dims = [golden.ids.length, golden.ids[0]!.length];
  const mask = golden.ids.flatMap((row, i) => row.map((_, column) => Number(column < golden.lengths[i]!)));
  const { embedding } = await session.run({
    ids: runtime.tensor('int64', BigInt64Array.from(golden.ids.flat(), BigInt), dims),
    mask: runtime.tensor('int32', Int32Array.from(mask), dims),
    ...zeroLora(runtime, model),
  });
  const vectors = [...(embedding!.data as Float32Array)];
  await session.dispose();
  return { vectors, usable: (await usableGpu()) !== undefined };
}
