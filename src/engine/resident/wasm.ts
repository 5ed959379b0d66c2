import { usefulThreads } from '../runtime/runtime.ts';
import type { ResidentRuntime, ResidentUsage } from './resident.ts';
import { heap, loadOrtWasm } from './wasm-module.ts';
import { createOrtSession, type OrtHost } from './wasm-session.ts';
import { WasmTensor } from './wasm-tensor.ts';

let loaded: Promise<ResidentRuntime> | undefined;

export interface WasmOptions {
  threads?: number;
  /** Folder with onnxruntime-web's loader and wasm; absent: `ort/` under the app's base. */
  folder?: string;
}

/** onnxruntime's wasm build with its heap in our hands, loaded once in this thread. */
export function residentWasm(options: WasmOptions = {}): Promise<ResidentRuntime> {
  loaded ??= load(options).catch((error: unknown) => {
    // A failed load is never kept, or one network error would last for the whole session.
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load({ threads, folder }: WasmOptions): Promise<ResidentRuntime> {
  const count = threads ?? (globalThis.crossOriginIsolated ? usefulThreads(navigator.hardwareConcurrency) : 1);
  const module = await loadOrtWasm('ort-wasm-simd-threaded', count, folder);
  const usage: ResidentUsage = { tensors: 0, tensorBytes: 0, sessions: 0 };
  // This build never suspends: nothing can come in between.
  const host: OrtHost = { module, usage, exclusive: (task) => task(), guard: (task) => task() };
  return {
    device: 'wasm',
    threads: count,
    float16: true,
    get usage() {
      return { ...usage, heapBytes: heap(module).length };
    },
    tensor: (dataType, shape, numbers) => WasmTensor.allocate(module, usage, dataType, shape, numbers),
    createSession: (model, readers, name, options) => createOrtSession(host, model, readers, name, options),
  };
}
