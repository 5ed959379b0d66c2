import { expect, it } from 'vitest';
import { trapped } from '../../../../src/engine/resident/wasm-module.ts';

it('a module that fell for want of memory says so, by whatever words', () => {
  for (const fall of [
    new WebAssembly.RuntimeError('memory access out of bounds'),
    new WebAssembly.RuntimeError('Aborted(OOM). Build with -sASSERTIONS for more info.'),
    new RangeError('Array buffer allocation failed'),
  ]) {
    expect(trapped(fall, 'The block')).toMatchObject({
      code: 'engine/out-of-memory',
      message: 'There is not enough memory for The block.',
    });
  }
});

it('another fall names itself, and what is no fall stays as it is', () => {
  const unreachable = new WebAssembly.RuntimeError('unreachable');
  expect(trapped(unreachable, 'The block')).toMatchObject({
    code: 'engine/load-failed',
    message: 'The block failed: unreachable',
    cause: unreachable,
  });
  const aborted = new DOMException('stopped', 'AbortError');
  expect(trapped(aborted, 'The block')).toBe(aborted);
});
