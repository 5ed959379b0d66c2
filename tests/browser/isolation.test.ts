import { expect, test } from 'vitest';

test('the page is cross-origin isolated, so wasm threads can share memory', () => {
  expect(crossOriginIsolated).toBe(true);
});
