import type { GraphModel } from '../graph/graph.ts';
import type { ResidentSession, ResidentSessionOptions, ResidentTensor, ResidentUsage } from './resident.ts';
import { allocate, allocateText, check, heap, trapped, withTexts, type OrtWasmModule } from './wasm-module.ts';

const ALL_OPTIMISATIONS = 99;
const ERRORS_ONLY = 3;
const EVERYTHING = 0;

/** What sessions of one wasm module share, whichever device its kernels run on. */
export interface OrtHost {
  module: OrtWasmModule;
  usage: ResidentUsage;
  /** Runs a task when no other one is in the module: the build with WebGPU suspends in the middle of its functions. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  /** Turns what the device reports while the task runs into errors; releasing goes without. */
  guard<T>(task: () => Promise<T>): Promise<T>;
  /** Puts a device before the CPU. */
  appendProvider?(options: number): Promise<void>;
  onCreate?(session: number): void;
  onFirstRun?(name: string): void;
  onRelease?(session: number): void;
}

/** A tensor that onnxruntime's C functions can be given. */
export interface OrtTensor {
  /** onnxruntime's handle of it; the session tells WebGPU its device. */
  handleFor(session: number): number;
}

/** @throws AttuneError `engine/out-of-memory`, `engine/load-failed` */
export function createOrtSession(
  host: OrtHost,
  model: GraphModel,
  readers: ReadonlyMap<string, () => Uint8Array>,
  name: string,
  { config = {}, verbose = false }: ResidentSessionOptions = {},
): Promise<ResidentSession> {
  const create = async () => {
    const { module } = host;
    for (const { path, data } of model.externalData) module.mountExternalData(path, data);
    // Each weight is decoded when onnxruntime asks for it, and its bytes are garbage once they are on the heap.
    for (const [path, read] of readers) {
      module.mountExternalData(path, { byteLength: Infinity, subarray: (from, to) => read().subarray(from, to) });
    }
    // The arena would keep the largest prompt's activations for good; without it they are freed after every run.
    const severity = verbose ? EVERYTHING : ERRORS_ONLY;
    const options = module._OrtCreateSessionOptions(ALL_OPTIMISATIONS, false, false, 0, false, 0, 0, severity, 0, 0);
    const bytes = allocate(module, model.bytes.length);
    heap(module).set(model.bytes, bytes);
    let session: number;
    try {
      for (const [key, value] of Object.entries(config)) {
        withTexts(module, [key, value], (texts) =>
          check(module, module._OrtAddSessionConfigEntry(options, texts[0]!, texts[1]!) === 0, key),
        );
      }
      await host.appendProvider?.(options);
      session = await module._OrtCreateSession(bytes, model.bytes.length, options);
      host.onCreate?.(session);
      check(module, session !== 0, `The model ${name}`);
    } finally {
      module.unmountExternalData();
      module._OrtReleaseSessionOptions(options);
      module._free(bytes);
    }
    return new WasmSession(host, session, name);
  };
  return host.exclusive(() => guarded(host, name, create));
}

async function guarded<T>(host: OrtHost, name: string, task: () => Promise<T>): Promise<T> {
  try {
    return await host.guard(task);
  } catch (error) {
    throw trapped(error, name);
  }
}

class WasmSession implements ResidentSession {
  #host: OrtHost;
  #module: OrtWasmModule;
  #session: number;
  #name: string;
  #runOptions: number;
  #names = new Map<string, number>();
  #scratch = 0;
  #scratchBytes = 0;
  #disposed = false;
  #ran = false;

  constructor(host: OrtHost, session: number, name: string) {
    this.#host = host;
    this.#module = host.module;
    this.#session = session;
    this.#name = name;
    this.#runOptions = this.#module._OrtCreateRunOptions(ERRORS_ONLY, 0, false, 0);
    host.usage.sessions++;
  }

  run(inputs: ReadonlyMap<string, ResidentTensor>, outputs: ReadonlyMap<string, ResidentTensor>): Promise<void> {
    if (!this.#ran) this.#host.onFirstRun?.(this.#name);
    this.#ran = true;
    return this.#host.exclusive(() => guarded(this.#host, this.#name, () => this.#run(inputs, outputs)));
  }

  async #run(inputs: ReadonlyMap<string, ResidentTensor>, outputs: ReadonlyMap<string, ResidentTensor>): Promise<void> {
    const module = this.#module;
    const entries = inputs.size + outputs.size;
    this.#reserve(entries * 8);
    // Two arrays of pointers, names and handles, each with the inputs first: written at once, for there are hundreds.
    const pointers = new Uint32Array(entries * 2);
    let at = 0;
    for (const map of [inputs, outputs]) {
      for (const [name, tensor] of map) {
        pointers[at] = this.#namePointer(name);
        pointers[entries + at++] = (tensor as unknown as OrtTensor).handleFor(this.#session);
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

  dispose(): Promise<void> {
    return this.#host.exclusive(async () => {
      if (this.#disposed) return;
      this.#disposed = true;
      this.#host.usage.sessions--;
      this.#host.onRelease?.(this.#session);
      this.#module._OrtReleaseSession(this.#session);
      this.#module._OrtReleaseRunOptions(this.#runOptions);
      for (const pointer of this.#names.values()) this.#module._free(pointer);
      if (this.#scratch) this.#module._free(this.#scratch);
    });
  }

  #namePointer(name: string): number {
    let pointer = this.#names.get(name);
    if (pointer === undefined) this.#names.set(name, (pointer = allocateText(this.#module, name)));
    return pointer;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#scratchBytes) return;
    if (this.#scratch) this.#module._free(this.#scratch);
    // Without memory for the new one, there is none to free later.
    this.#scratch = this.#scratchBytes = 0;
    this.#scratch = allocate(this.#module, bytes);
    this.#scratchBytes = bytes;
  }
}
