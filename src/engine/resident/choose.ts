import { usableGpu } from '../runtime/web.ts';
import type { ResidentRuntime } from './resident.ts';
import { residentWasm } from './wasm.ts';
import { residentWebgpu } from './webgpu.ts';

export interface ChosenRuntime {
  runtime: ResidentRuntime;
  /** For people: "wasm, 2 threads", "WebGPU (NVIDIA ...)". */
  label: string;
}

/**
 * Where this browser trains and serves: on its GPU if there is one worth using, else on all cores it may use. A GPU that
 * cannot be opened counts as none.
 *
 * @param device takes the choice away, for people who know better and for tests; `webgpu` then takes any adapter
 * @throws AttuneError `engine/no-gpu` when `webgpu` was asked for
 */
export async function chooseRuntime(device?: 'wasm' | 'webgpu'): Promise<ChosenRuntime> {
  if (device === 'webgpu') return { runtime: await residentWebgpu(), label: 'WebGPU' };
  const gpu = device === 'wasm' ? undefined : await usableGpu();
  if (gpu) {
    try {
      return { runtime: await residentWebgpu(), label: `WebGPU (${gpu.name})` };
    } catch (error) {
      console.warn('The GPU could not be opened; the processor is used instead.', error);
    }
  }
  const runtime = await residentWasm();
  return { runtime, label: `wasm, ${runtime.threads} ${runtime.threads === 1 ? 'thread' : 'threads'}` };
}
