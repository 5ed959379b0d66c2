import type { GraphModel } from '../graph/graph.ts';
import type {
  ResidentSession,
  ResidentSessionOptions,
  ResidentTensor,
  ResidentType,
  ResidentUsage,
} from './resident.ts';
import { allocate, allocateText, check, heap, type OrtWasmModule } from './wasm-module.ts';
import type { WasmTensor } from './wasm-tensor.ts';

const ALL_OPTIMISATIONS = 99;
const ERRORS_ONLY = 3;

/** @throws AttuneError `engine/out-of-memory`, `engine/load-failed` */
export async function createWasmSession(
  module: OrtWasmModule,
  model: GraphModel,
  readers: ReadonlyMap<string, () => Uint8Array>,
  name: string,
  { config = {} }: ResidentSessionOptions,
  usage: ResidentUsage,
): Promise<ResidentSession> {
  for (const { path, data } of model.externalData) module.mountExternalData(path, data);
  // Each weight is decoded when onnxruntime asks for it, and its bytes are garbage once they are on the heap.
  for (const [path, read] of readers) {
    module.mountExternalData(path, { byteLength: Infinity, subarray: (from, to) => read().subarray(from, to) });
  }
  // The arena would keep the largest prompt's activations for good; without it they are freed after every run.
  const options = module._OrtCreateSessionOptions(ALL_OPTIMISATIONS, false, false, 0, false, 0, 0, ERRORS_ONLY, 0, 0);
  for (const [key, value] of Object.entries(config)) {
    const texts = [key, value].map((text) => allocateText(module, text)) as [number, number];
    const code = module._OrtAddSessionConfigEntry(options, ...texts);
    texts.forEach((text) => module._free(text));
    check(module, code === 0, key);
  }
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
  return new WasmSession(module, session, name, usage);
}

class WasmSession implements ResidentSession {
  #module: OrtWasmModule;
  #session: number;
  #name: string;
  #runOptions: number;
  #usage: ResidentUsage;
  #names = new Map<string, number>();
  #scratch = 0;
  #scratchBytes = 0;
  #disposed = false;

  constructor(module: OrtWasmModule, session: number, name: string, usage: ResidentUsage) {
    this.#module = module;
    this.#session = session;
    this.#name = name;
    this.#usage = usage;
    usage.sessions++;
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
        pointers[entries + at++] = (tensor as WasmTensor<ResidentType>).handle;
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
    if (this.#disposed) return;
    this.#disposed = true;
    this.#usage.sessions--;
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
