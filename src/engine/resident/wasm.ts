import type { GraphModel } from '../graph/graph.ts';
import { onnxDataType } from '../onnx/data-type.ts';
import { usefulThreads } from '../runtime/runtime.ts';
import {
  elementCount,
  type Numbers,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
  type ResidentType,
} from './resident.ts';
import { allocate, allocateText, check, heap, loadOrtWasm, type OrtWasmModule } from './wasm-module.ts';

const ON_CPU = 1;
const ALL_OPTIMISATIONS = 99;
const ERRORS_ONLY = 3;

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
  return {
    device: 'wasm',
    threads: count,
    tensor: (dataType, shape, numbers) => new WasmTensor(module, dataType, shape, numbers),
    createSession: (model, readers, name) => createSession(module, model, readers, name),
  };
}

class WasmTensor implements ResidentTensor {
  readonly dataType: ResidentType;
  readonly shape: readonly number[];
  readonly handle: number;
  #module: OrtWasmModule;
  #pointer: number;
  #bytes: number;

  constructor(module: OrtWasmModule, dataType: ResidentType, shape: readonly number[], numbers?: Numbers) {
    this.#module = module;
    this.dataType = dataType;
    this.shape = [...shape];
    this.#bytes = elementCount(shape) * 4;
    this.#pointer = allocate(module, this.#bytes);
    if (numbers) this.write(numbers);
    else heap(module).fill(0, this.#pointer, this.#pointer + this.#bytes);
    const dims = allocate(module, shape.length * 4);
    shape.forEach((dim, i) => module.setValue(dims + 4 * i, dim, 'i32'));
    this.handle = module._OrtCreateTensor(
      onnxDataType(dataType),
      this.#pointer,
      this.#bytes,
      dims,
      shape.length,
      ON_CPU,
    );
    module._free(dims);
    check(module, this.handle !== 0, `A tensor [${shape.join(', ')}]`);
  }

  write(numbers: Numbers, at = 0): void {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    if (at * 4 + bytes.length > this.#bytes)
      throw new RangeError(`${numbers.length} numbers do not fit into [${this.shape.join(', ')}].`);
    heap(this.#module).set(bytes, this.#pointer + at * 4);
  }

  async read(): Promise<Numbers> {
    const bytes = new Uint8Array(this.#bytes);
    bytes.set(heap(this.#module).subarray(this.#pointer, this.#pointer + this.#bytes));
    return this.dataType === 'float32' ? new Float32Array(bytes.buffer) : new Int32Array(bytes.buffer);
  }

  dispose(): void {
    this.#module._OrtReleaseTensor(this.handle);
    this.#module._free(this.#pointer);
  }
}

async function createSession(
  module: OrtWasmModule,
  model: GraphModel,
  readers: ReadonlyMap<string, () => Uint8Array>,
  name: string,
): Promise<ResidentSession> {
  for (const { path, data } of model.externalData) module.mountExternalData(path, data);
  // Each weight is decoded when onnxruntime asks for it, and its bytes are garbage once they are on the heap.
  for (const [path, read] of readers) {
    module.mountExternalData(path, { byteLength: Infinity, subarray: (from, to) => read().subarray(from, to) });
  }
  // The arena would keep the largest prompt's activations for good; without it they are freed after every run.
  const options = module._OrtCreateSessionOptions(ALL_OPTIMISATIONS, false, false, 0, false, 0, 0, ERRORS_ONLY, 0, 0);
  const bytes = allocate(module, model.bytes.length);
  heap(module).set(model.bytes, bytes);
  let session: number;
  try {
    session = await module._OrtCreateSession(bytes, model.bytes.length, options);
    check(module, session !== 0, `The model ${name}`);
  } finally {
    module.unmountExternalData();
    module._OrtReleaseSessionOptions(options);
    module._free(bytes);
  }
  return new WasmSession(module, session, name);
}

class WasmSession implements ResidentSession {
  #module: OrtWasmModule;
  #session: number;
  #name: string;
  #runOptions: number;
  #names = new Map<string, number>();
  #scratch = 0;
  #scratchBytes = 0;

  constructor(module: OrtWasmModule, session: number, name: string) {
    this.#module = module;
    this.#session = session;
    this.#name = name;
    this.#runOptions = module._OrtCreateRunOptions(ERRORS_ONLY, 0, false, 0);
  }

  async run(inputs: ReadonlyMap<string, ResidentTensor>, outputs: ReadonlyMap<string, ResidentTensor>): Promise<void> {
    const module = this.#module;
    const entries = inputs.size + outputs.size;
    this.#reserve(entries * 8);
    // Two arrays of pointers, names and handles, each with the inputs first: written at once, for there are hundreds.
    const pointers = new Uint32Array(entries * 2);
    let at = 0;
    for (const map of [inputs, outputs]) {
      for (const [name, tensor] of map) {
        pointers[at] = this.#namePointer(name);
        pointers[entries + at++] = (tensor as WasmTensor).handle;
      }
    }
    heap(module).set(new Uint8Array(pointers.buffer), this.#scratch);
    const names = this.#scratch;
    const handles = names + entries * 4;
    const split = inputs.size * 4;
    const code = await module._OrtRun(
      this.#session,
      names,
      handles,
      inputs.size,
      names + split,
      outputs.size,
      handles + split,
      this.#runOptions,
    );
    check(module, code === 0, this.#name);
  }

  async dispose(): Promise<void> {
    this.#module._OrtReleaseSession(this.#session);
    this.#module._OrtReleaseRunOptions(this.#runOptions);
    for (const pointer of this.#names.values()) this.#module._free(pointer);
    if (this.#scratch) this.#module._free(this.#scratch);
  }

  #namePointer(name: string): number {
    let pointer = this.#names.get(name);
    if (pointer === undefined) this.#names.set(name, (pointer = allocateText(this.#module, name)));
    return pointer;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#scratchBytes) return;
    if (this.#scratch) this.#module._free(this.#scratch);
    this.#scratch = allocate(this.#module, bytes);
    this.#scratchBytes = bytes;
  }
}
