import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import wabtFactory from 'wabt';
import { functionBodies, replaceFunctions } from '../../../scripts/onnxruntime/functions.ts';
import { withRelaxedSimd } from '../../../scripts/onnxruntime/relaxed.ts';

const wabt = await wabtFactory();

function compile(text: string): Uint8Array<ArrayBuffer> {
  const module = wabt.parseWat('test.wat', text, {});
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const TWO = compile(`(module
  (memory (export "memory") 1)
  (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "viaDouble") (param i32) (result i32) (i32.add (call 0 (local.get 0)) (i32.const 1)))
  (data (i32.const 0) "kept"))`);
// Longer than what it replaces, so that every length around it changes too.
const [TRIPLE] = functionBodies(
  compile(`(module (func (param i32) (result i32) (local $twice i32)
    (local.set $twice (i32.add (local.get 0) (local.get 0)))
    ${'(nop)'.repeat(200)}
    (i32.add (local.get 0) (local.get $twice))))`),
);

test('a function is replaced for all who call it, and the rest of the module stays', async () => {
  const module = replaceFunctions(TWO, new Map([[sha256(functionBodies(TWO)[0]!), TRIPLE!]]));
  const { instance } = await WebAssembly.instantiate(module);
  const { double, viaDouble, memory } = instance.exports as {
    double: (x: number) => number;
    viaDouble: (x: number) => number;
    memory: WebAssembly.Memory;
  };
  expect(double(7)).toBe(21);
  expect(viaDouble(7)).toBe(22);
  expect(new TextDecoder().decode(new Uint8Array(memory.buffer, 0, 4))).toBe('kept');
});

test('a module without the function, or with two of it, is refused', () => {
  expect(() => replaceFunctions(TWO, new Map([['00'.repeat(32), TRIPLE!]]))).toThrow('0 times');
  const twice = compile(
    '(module (func (result i32) (i32.const 5)) (func (result i32) (i32.const 6)) (func (result i32) (i32.const 5)))',
  );
  expect(() => replaceFunctions(twice, new Map([[sha256(functionBodies(twice)[0]!), TRIPLE!]]))).toThrow('2 times');
});

test('what is cut off, is no module or has no code is refused', () => {
  for (let length = 0; length < TWO.length - 10; length++) {
    expect(() => replaceFunctions(TWO.subarray(0, length), new Map([['00'.repeat(32), TRIPLE!]]))).toThrow();
  }
  expect(() => functionBodies(new TextEncoder().encode('#!/usr/bin/env node'))).toThrow('not a WebAssembly module');
  expect(() => functionBodies(compile('(module (memory 1))'))).toThrow('no code');
});

test.each(['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'])(
  'in %s of the installed onnxruntime-web two functions change and no other',
  async (build) => {
    const dist = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
    const original = readFileSync(join(dist, `${build}.wasm`));
    const before = functionBodies(original);
    const after = functionBodies(await withRelaxedSimd(original));
    expect(after.length).toBe(before.length);
    expect(after.filter((body, i) => Buffer.compare(body, before[i]!) !== 0).length).toBe(2);
  },
);
