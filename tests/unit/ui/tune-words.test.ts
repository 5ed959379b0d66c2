import { expect, test } from 'vitest';
import { needText } from '../../../src/ui/screens/tune/words.ts';

const device = 'wasm, 2 threads';

test('a run that does not fit says how much it needs, or only that it is more where memory ran out', () => {
  const memoryLimit = 2.4e9;
  expect(needText({ device, memoryBytes: 3e9, memoryLimit })).toBe(
    'It needs 3.0 GB of the 2.4 GB that wasm, 2 threads allows.',
  );
  expect(needText({ device, memoryBytes: 2.4e9, memoryLimit })).toBe(
    'It needs more than the 2.4 GB that wasm, 2 threads allows.',
  );
  expect(needText({ device, memoryBytes: 0 })).toBe('It needs more memory than there is.');
});
