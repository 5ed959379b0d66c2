import { AttuneError } from '../../errors/attune-error.ts';
import { ortFiles, type OrtBuild } from '../runtime/ort-files.ts';

/**
 * What is used of onnxruntime-web's compiled module: the C functions that its own JavaScript layer calls
 * (`lib/wasm/wasm-types.ts` of the same package). Pointers and handles are numbers; 0 or a non-zero code is failure.
 */
export interface OrtWasmModule {
  HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  getValue(pointer: number, type: 'i8' | 'i32' | '*'): number;
  setValue(pointer: number, value: number, type: 'i32' | '*'): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, size: number): void;
  UTF8ToString(pointer: number): string;
  /** onnxruntime takes `byteLength` and `subarray` of what is mounted, once for each weight. */
  mountExternalData(path: string, data: { byteLength: number; subarray(from: number, to: number): Uint8Array }): void;
  unmountExternalData(): void;
  _OrtInit(threads: number, loggingLevel: number): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtCreateSessionOptions(
    optimisation: number,
    arena: boolean,
    memoryPattern: boolean,
    executionMode: number,
    profiling: boolean,
    profilePrefix: number,
    logId: number,
    logSeverity: number,
    logVerbosity: number,
    optimisedPath: number,
  ): number;
  _OrtAddSessionConfigEntry(options: number, key: number, value: number): number;
  _OrtReleaseSessionOptions(options: number): number;
  _OrtCreateSession(bytes: number, length: number, options: number): number | Promise<number>;
  _OrtReleaseSession(session: number): number;
  _OrtCreateTensor(type: number, data: number, bytes: number, dims: number, rank: number, location: number): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtCreateRunOptions(logSeverity: number, logVerbosity: number, terminate: boolean, tag: number): number;
  _OrtReleaseRunOptions(options: number): number;
  _OrtRun(
    session: number,
    inputNames: number,
    inputs: number,
    inputCount: number,
    outputNames: number,
    outputCount: number,
    outputs: number,
    runOptions: number,
  ): number | Promise<number>;
}

const LOG_ERRORS = 3;

/** Loads a build from the folder where the app keeps onnxruntime's files, `ort/` under its base if not given. */
export async function loadOrtWasm(build: OrtBuild, threads: number, folder?: string): Promise<OrtWasmModule> {
  const files = ortFiles(build, folder);
  const { default: factory } = (await import(/* @vite-ignore */ files.mjs)) as {
    default: (options: object) => Promise<OrtWasmModule>;
  };
  const module = await factory({ numThreads: threads, locateFile: () => files.wasm });
  check(module, module._OrtInit(threads, LOG_ERRORS) === 0, 'onnxruntime');
  return module;
}

/** The heap as it is now: it moves and grows when wasm allocates, so it is never kept. */
export function heap(module: OrtWasmModule): Uint8Array<ArrayBuffer> {
  module.getValue(0, 'i8'); // refreshes the views after a growth on another thread
  return module.HEAPU8;
}

/** Allocates bytes of the wasm heap. @throws AttuneError `engine/out-of-memory` */
export function allocate(module: OrtWasmModule, bytes: number): number {
  const pointer = module._malloc(Math.max(bytes, 1));
  if (pointer === 0) {
    throw new AttuneError(
      'engine/out-of-memory',
      `There is not enough memory: ${Math.ceil(bytes / 2 ** 20)} MB more were needed.`,
      'Close other tabs and programs, or choose a smaller model.',
    );
  }
  return pointer;
}

export function allocateText(module: OrtWasmModule, text: string): number {
  const size = module.lengthBytesUTF8(text) + 1;
  const pointer = allocate(module, size);
  module.stringToUTF8(text, pointer, size);
  return pointer;
}

/** Calls with the texts on the heap, which are freed afterwards. */
export function withTexts<T>(module: OrtWasmModule, texts: readonly string[], use: (pointers: number[]) => T): T {
  const pointers: number[] = [];
  try {
    for (const text of texts) pointers.push(allocateText(module, text));
    return use(pointers);
  } finally {
    pointers.forEach((pointer) => module._free(pointer));
  }
}

/** onnxruntime's handle of a tensor over memory that the caller keeps. */
export function createOrtTensor(
  module: OrtWasmModule,
  type: number,
  memory: number,
  bytes: number,
  shape: readonly number[],
  location: number,
): number {
  const dims = allocate(module, shape.length * 4);
  shape.forEach((dim, i) => module.setValue(dims + 4 * i, dim, 'i32'));
  const handle = module._OrtCreateTensor(type, memory, bytes, dims, shape.length, location);
  module._free(dims);
  check(module, handle !== 0, `A tensor [${shape.join(', ')}]`);
  return handle;
}

/** @throws AttuneError `engine/out-of-memory` or `engine/load-failed` with onnxruntime's last message unless `ok` */
export function check(module: OrtWasmModule, ok: boolean, name: string): void {
  if (ok) return;
  const pointers = module._malloc(8);
  module._OrtGetLastError(pointers, pointers + 4);
  const at = module.getValue(pointers + 4, '*');
  const message = at ? module.UTF8ToString(at) : 'unknown reason';
  module._free(pointers);
  throw failure(name, message);
}

/**
 * What went wrong, where the module did not say it but fell: a kernel that found no memory may end in a trap. Whoever
 * hears it ends the worker, for nothing in such a module can be trusted any more.
 */
export function trapped(error: unknown, name: string): unknown {
  const isTrap = error instanceof WebAssembly.RuntimeError || (error instanceof RangeError && OUT.test(error.message));
  return isTrap ? failure(name, error.message, error) : error;
}

const OUT = /bad_alloc|out of memory|access out of bounds|allocat|\bOOM\b/i;

function failure(name: string, message: string, cause?: unknown): AttuneError {
  return OUT.test(message)
    ? new AttuneError(
        'engine/out-of-memory',
        `There is not enough memory for ${name}.`,
        'Close other tabs and programs, or choose a smaller model.',
        { cause },
      )
    : new AttuneError(
        'engine/load-failed',
        `${name} failed: ${message}`,
        'Reload the page and try again, or choose another model.',
        { cause },
      );
}
