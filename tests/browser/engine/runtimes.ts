import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';

/** What suites run on in a browser; a runtime that cannot be opened fails them. */
export const RUNTIMES: readonly (readonly [name: string, open: () => Promise<ResidentRuntime>])[] = [
  ['wasm, 2 threads', () => residentWasm({ threads: 2 })],
  ['WebGPU', () => residentWebgpu()],
];

/** Bytes of a file under `tests/fixtures`. */
export async function readFixture(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`/tests/fixtures/${path}`);
  if (!response.ok) throw new Error(`tests/fixtures/${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
