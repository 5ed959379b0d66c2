import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wordDiff, type DiffPiece } from '../../../src/ui/word-diff.ts';

const without = (pieces: readonly DiffPiece[], kind: DiffPiece['kind']) =>
  pieces
    .filter((piece) => piece.kind !== kind)
    .map(({ text }) => text)
    .join('');

test('marks the words that changed and nothing else', () => {
  expect(wordDiff('Leave is eight weeks.', 'Leave is twelve weeks.')).toEqual([
    { kind: 'same', text: 'Leave is ' },
    { kind: 'removed', text: 'eight' },
    { kind: 'added', text: 'twelve' },
    { kind: 'same', text: ' weeks.' },
  ]);
  expect(wordDiff('same', 'same')).toEqual([{ kind: 'same', text: 'same' }]);
  expect(wordDiff('', 'new')).toEqual([{ kind: 'added', text: 'new' }]);
});

test('loses no letter of either text', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'c', ' ', ', ', 'ä', '\n', 'über'), { maxLength: 30 });
  fc.assert(
    fc.property(words, words, (a, b) => {
      const [before, after] = [a.join(''), b.join('')];
      const pieces = wordDiff(before, after);
      expect(without(pieces, 'added')).toBe(before);
      expect(without(pieces, 'removed')).toBe(after);
    }),
  );
});

test('texts too long for the table are compared as a whole, and still lose nothing', () => {
  const before = 'word '.repeat(4000);
  const after = `${before}end`;
  const pieces = wordDiff(before, after);
  expect(without(pieces, 'added')).toBe(before);
  expect(without(pieces, 'removed')).toBe(after);
});
