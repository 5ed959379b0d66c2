import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('our onnxruntime-web is the very version that transformers.js pins, so that there is one copy of it', () => {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { dependencies: Record<string, string> };
  const pinned = read('node_modules/@huggingface/transformers/package.json').dependencies['onnxruntime-web'];
  expect(read('package.json').dependencies['onnxruntime-web']).toBe(pinned);
});
