import { loadOrtWasm, withTexts, allocate, check, type OrtWasmModule } from './wasm-module.ts';

/** What the build with WebGPU adds: JavaScript functions that carry devices and buffers over to the C side. */
export interface OrtWebgpuModule extends OrtWasmModule {
  /** Makes functions that suspend return promises; without it they return 0 in the middle of their work. */
  asyncInit(): void;
  webgpuInit(onDevice: (device: GPUDevice) => void): void;
  /** Announces the device of the session that is made next -> its id, and the C side's instance and device. */
  webgpuRegisterDevice(device: GPUDevice): readonly [id: number, instance: number, device: number] | undefined;
  /** Ends what `webgpuRegisterDevice` began; also after a failure, with 0. */
  webgpuOnCreateSession(session: number): void;
  webgpuOnReleaseSession(session: number): void;
  /** The C side's pointer to a buffer; counted. */
  webgpuRegisterBuffer(buffer: GPUBuffer, session: number): number;
  webgpuUnregisterBuffer(buffer: GPUBuffer): void;
  _OrtAppendExecutionProvider(
    options: number,
    name: number,
    keys: number,
    values: number,
    count: number,
  ): number | Promise<number>;
}

export async function loadOrtWebgpu(folder?: string): Promise<OrtWebgpuModule> {
  // One thread: the CPU only computes shapes, and every thread would compile the module again.
  const module = (await loadOrtWasm('ort-wasm-simd-threaded.asyncify', 1, folder)) as OrtWebgpuModule;
  module.asyncInit();
  module.webgpuInit(() => undefined);
  return module;
}

/** Makes WebGPU the first choice of the session that is made next, on the device given. */
export async function appendWebgpu(module: OrtWebgpuModule, options: number, device: GPUDevice): Promise<void> {
  const registered = module.webgpuRegisterDevice(device)!;
  const entries = {
    deviceId: registered[0],
    webgpuInstance: registered[1],
    webgpuDevice: registered[2],
    // Its own checks wait for the GPU at the end of every run; errors of the device reach `uncapturederror` instead.
    validationMode: 'wgpuOnly',
  };
  const keys = Object.keys(entries);
  const count = keys.length;
  await withTexts(module, ['WebGPU', ...keys, ...Object.values(entries).map(String)], async ([name, ...pointers]) => {
    const arrays = allocate(module, count * 8);
    pointers.forEach((pointer, i) => module.setValue(arrays + 4 * i, pointer, '*'));
    const code = await module._OrtAppendExecutionProvider(options, name!, arrays, arrays + 4 * count, count);
    module._free(arrays);
    check(module, code === 0, 'WebGPU');
  });
}
