/** The builds of onnxruntime-web: for the CPU alone, and the one with WebGPU, larger and slower on the CPU. */
export type OrtBuild = 'ort-wasm-simd-threaded' | 'ort-wasm-simd-threaded.asyncify';

export interface OrtFiles {
  /** The loader, a module. */
  mjs: string;
  wasm: string;
}

/**
 * The smallest module with `f32x4.relaxed_madd`:
 * `(module (func (param v128) (result v128) local.get 0 local.get 0 local.get 0 f32x4.relaxed_madd))`
 */
const RELAXED_SIMD = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // \0asm, version 1
  ...[1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b], // types
  ...[3, 2, 1, 0], // functions
  ...[10, 13, 1, 11, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2, 0x0b], // code
);

/**
 * Addresses of a build: of the wasm that multiplies faster (ADR 117) where the browser takes relaxed SIMD, else of
 * the one that every browser takes.
 *
 * @param folder with onnxruntime's files; absent: `ort/` under the app's base
 */
export function ortFiles(build: OrtBuild, folder = defaultFolder()): OrtFiles {
  const wasm = WebAssembly.validate(RELAXED_SIMD) ? `${build}.relaxed.wasm` : `${build}.wasm`;
  return { mjs: new URL(`${build}.mjs`, folder).href, wasm: new URL(wasm, folder).href };
}

function defaultFolder(): string {
  return new URL(`${import.meta.env.BASE_URL}ort/`, globalThis.location.href).href;
}
