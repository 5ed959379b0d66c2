import { createHash } from 'node:crypto';
import { concatBytes, leb, WasmError, WasmReader } from './wasm-bytes.ts';

const CODE = 10;
const HEADER = '\0asm\x01\0\0\0';

/** The bodies in a module's code section, each its locals and instructions, in the order of their definition. */
export function functionBodies(module: Uint8Array): Uint8Array[] {
  return split(module).bodies;
}

/**
 * The module with the bodies of some functions replaced. What comes in has to be of the same type, and may name nothing
 * but its own parameters and locals and memory 0: the numbers of all else belong to one module.
 *
 * @param replacements by the SHA-256 of the body that goes, in hexadecimal
 * @throws WasmError unless each of those is there exactly once: then it is not the module that they were made for
 */
export function replaceFunctions(
  module: Uint8Array,
  replacements: ReadonlyMap<string, Uint8Array>,
): Uint8Array<ArrayBuffer> {
  const { before, bodies, after } = split(module);
  const replaced = new Map<string, number>();
  const parts: (Uint8Array | readonly number[])[] = [leb(bodies.length)];
  for (const body of bodies) {
    const digest = createHash('sha256').update(body).digest('hex');
    const replacement = replacements.get(digest);
    if (replacement) replaced.set(digest, (replaced.get(digest) ?? 0) + 1);
    const kept = replacement ?? body;
    parts.push(leb(kept.length), kept);
  }
  for (const digest of replacements.keys()) {
    const times = replaced.get(digest) ?? 0;
    if (times !== 1) throw new WasmError(`the function ${digest.slice(0, 8)}… is there ${times} times instead of once`);
  }
  const code = concatBytes(parts);
  return concatBytes([before, [CODE, ...leb(code.length)], code, after]);
}

/** The function bodies, and what stands before and after their section. */
function split(module: Uint8Array): { before: Uint8Array; bodies: Uint8Array[]; after: Uint8Array } {
  const reader = new WasmReader(module);
  if (new TextDecoder().decode(reader.take(8)) !== HEADER) throw new WasmError('this is not a WebAssembly module');
  for (;;) {
    const start = reader.at;
    if (start === module.length) throw new WasmError('the module has no code');
    const id = reader.byte();
    const size = reader.u32();
    const end = reader.at + size;
    if (id !== CODE) {
      reader.take(size);
      continue;
    }
    const bodies = Array.from({ length: reader.u32() }, () => reader.take(reader.u32()));
    if (reader.at !== end) throw new WasmError('the code does not end where it says');
    return { before: module.subarray(0, start), bodies, after: module.subarray(end) };
  }
}
