import { usefulThreads } from '../runtime/runtime.ts';
import type { ResidentRuntime, ResidentUsage } from './resident.ts';
import { heap, loadOrtWasm } from './wasm-module.ts';
import { createWasmSession } from './wasm-session.ts';
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
  const base = folder ?? new URL(`${import.meta.env.BASE_URL}ort/`, globalThis.location.href).href;
  const module = await loadOrtWasm(base, count);
  const alive: ResidentUsage = { tensors: 0, tensorBytes: 0, sessions: 0 };
  return {
    device: 'wasm',
    threads: count,
    get usage() {
      return { ...alive, heapBytes: heap(module).length };
    },
    tensor: (dataType, shape, numbers) => WasmTensor.allocate(module, alive, dataType, shape, numbers),
    createSession: (model, readers, name, options = {}) =>
      createWasmSession(module, model, readers, name, options, alive),
  };
}
