import { elementCount, type ResidentRuntime, type ResidentType, type ResidentUsage } from './resident.ts';
import { createOrtSession, type OrtHost } from './wasm-session.ts';
import { WasmTensor } from './wasm-tensor.ts';
import { GuardedDevice } from './webgpu-device.ts';
import { appendWebgpu, loadOrtWebgpu } from './webgpu-module.ts';
import { WebgpuTensor } from './webgpu-tensor.ts';

/** Integers up to this count stay on the heap: positions and sizes, which kernels read on the CPU. */
const ON_HEAP = 16;

let loaded: Promise<ResidentRuntime> | undefined;

/**
 * onnxruntime on the GPU, its tensors being GPU buffers: weights are uploaded once and only what is read comes back.
 * One device and one wasm module per thread. It takes any adapter: whether there is one worth using is
 * `usableGpu()`'s to say.
 *
 * @throws AttuneError `engine/no-gpu`
 */
export function residentWebgpu(folder?: string): Promise<ResidentRuntime> {
  loaded ??= load(folder).catch((error: unknown) => {
    // A failed load is never kept, or one network error would last for the whole session.
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(folder?: string): Promise<ResidentRuntime> {
  const gpu = await GuardedDevice.open();
  const module = await loadOrtWebgpu(folder);
  const usage: ResidentUsage = { tensors: 0, tensorBytes: 0, sessions: 0 };
  const memory = { module, gpu, usage };
  let tail: Promise<unknown> = Promise.resolve();
  const runtime: ResidentRuntime = {
    device: 'webgpu',
    threads: 1,
    float16: gpu.device.features.has('shader-f16'),
    usage,
    tensor: (dataType, shape, numbers) =>
      isInteger(dataType) && elementCount(shape) <= ON_HEAP
        ? WasmTensor.allocate(module, usage, dataType, shape, numbers)
        : WebgpuTensor.allocate(memory, dataType, shape, numbers),
    createSession: (model, readers, name, options) => createOrtSession(host, model, readers, name, options),
  };
  const host: OrtHost = {
    module,
    usage,
    exclusive: (task) => {
      const result = tail.then(task);
      tail = result.catch(() => undefined);
      return result;
    },
    guard: (task) => gpu.guard(task),
    appendProvider: (options) => appendWebgpu(module, options, gpu.device),
    onCreate: (session) => module.webgpuOnCreateSession(session),
    onRelease: (session) => module.webgpuOnReleaseSession(session),
    onFirstRun: (name) => runtime.onCompile?.(name),
  };
  void gpu.device.lost.then(() => (loaded = undefined));
  return runtime;
}

function isInteger(dataType: ResidentType): boolean {
  return dataType === 'int32' || dataType === 'int64';
}
