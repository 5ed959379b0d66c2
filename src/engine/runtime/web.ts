import { ortFiles } from './ort-files.ts';
import { createRuntime, usefulThreads, type OrtModule, type Runtime } from './runtime.ts';

export interface WebRuntimeOptions {
  device: 'wasm' | 'webgpu';
  /** wasm threads; absent: what the machine can use, 1 without cross-origin isolation. Fixed by the first call. */
  threads?: number;
  /** Folder with onnxruntime-web's loader and wasm files; absent: `ort/` under the app's base. */
  folder?: string;
}

const loaded = new Map<string, Promise<Runtime>>();

/**
 * onnxruntime-web in this thread, loaded once per device. wasm uses the plain build, half the size of the one with
 * WebGPU and free of its asyncify overhead.
 *
 * @throws whatever the import of the module throws; the next call tries again
 */
export function webRuntime(options: WebRuntimeOptions): Promise<Runtime> {
  const known = loaded.get(options.device);
  if (known) return known;
  const runtime = load(options);
  loaded.set(options.device, runtime);
  // A failed load is never kept, or one network error would last for the whole session.
  runtime.catch(() => loaded.delete(options.device));
  return runtime;
}

async function load({ device, threads, folder }: WebRuntimeOptions): Promise<Runtime> {
  const ort = device === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  const count = globalThis.crossOriginIsolated ? (threads ?? usefulThreads(navigator.hardwareConcurrency)) : 1;
  ort.env.wasm.numThreads = count;
  const build = device === 'webgpu' ? 'ort-wasm-simd-threaded.asyncify' : 'ort-wasm-simd-threaded';
  ort.env.wasm.wasmPaths = ortFiles(build, folder);
  return createRuntime(ort as unknown as OrtModule, device, count);
}

/**
 * Describes the WebGPU adapter, or undefined when there is none worth using: a software adapter computes right but far
 * slower than wasm.
 */
export async function usableGpu(): Promise<{ name: string; f16: boolean } | undefined> {
  const gpu = (navigator as { gpu?: GpuEntry }).gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return undefined;
  const { vendor = '', architecture = '', device = '', description = '', isFallbackAdapter } = adapter.info;
  const name = description || [vendor, architecture || device].filter(Boolean).join(' ') || 'unnamed';
  const software = /swiftshader|llvmpipe|lavapipe|basic render|software/i;
  const fallback = isFallbackAdapter || adapter.isFallbackAdapter || software.test(`${name} ${architecture} ${device}`);
  return fallback ? undefined : { name, f16: adapter.features.has('shader-f16') };
}

/** The little of WebGPU's types that is read here; the DOM library has none yet. */
interface GpuEntry {
  requestAdapter(options: { powerPreference: string }): Promise<GpuAdapter | null>;
}
interface GpuAdapter {
  info: { vendor?: string; architecture?: string; device?: string; description?: string; isFallbackAdapter?: boolean };
  isFallbackAdapter?: boolean;
  features: { has(name: string): boolean };
}
