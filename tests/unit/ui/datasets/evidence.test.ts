import fc from 'fast-check';
import { expect, test } from 'vitest';
import { piecesAround } from '../../../../src/ui/screens/datasets/review/evidence.ts';

test('marks the evidence and keeps every letter of the passage', () => {
  expect(piecesAround('one two three', { start: 4, end: 7 })).toEqual([
    { text: 'one ', marked: false },
    { text: 'two', marked: true },
    { text: ' three', marked: false },
  ]);
  fc.assert(
    fc.property(fc.string(), fc.integer(), fc.integer(), (text, start, end) => {
      const pieces = piecesAround(text, { start, end });
      expect(pieces.map((piece) => piece.text).join('')).toBe(text);
    }),
  );
});

test('offsets that do not lie in the passage mark nothing', () => {
  for (const evidence of [undefined, { start: 2, end: 99 }, { start: -1, end: 2 }, { start: 2, end: 2 }]) {
    expect(piecesAround('short', evidence)).toEqual([{ text: 'short', marked: false }]);
  }
});
