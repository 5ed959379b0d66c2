import { describe, expect, test } from 'vitest';
import { excerptOf, markWords } from '../../../src/ui/screens/search/excerpt.ts';
import { compareRuns, movementSentence } from '../../../src/ui/screens/search/rank-movement.ts';

const hits = (...ids: string[]) => ids.map((id) => ({ chunkIds: id.split('+') }));

describe('what a change of settings moved', () => {
  test('places gained, lost, kept, new and gone', () => {
    const comparison = compareRuns(hits('a', 'b', 'c', 'd'), hits('c', 'b', 'a', 'x'));
    expect(comparison.movements).toEqual([
      { kind: 'up', by: 2 },
      { kind: 'same' },
      { kind: 'down', by: 2 },
      { kind: 'new' },
    ]);
    expect(comparison.gone).toBe(1);
    expect(movementSentence(comparison)).toBe('1 moved up, 1 moved down, 1 is new, 1 dropped out');
  });

  test('a joined hit is the same hit when it shares a chunk with one before', () => {
    const comparison = compareRuns(hits('a', 'b', 'c'), hits('b+c', 'a'));
    expect(comparison.movements).toEqual([
      { kind: 'up', by: 1 },
      { kind: 'down', by: 1 },
    ]);
    expect(comparison.gone).toBe(0);
  });

  test('nothing moved: nothing to say', () => {
    expect(movementSentence(compareRuns(hits('a', 'b'), hits('a', 'b')))).toBe('');
  });
});

describe('excerpts', () => {
  const marked = (parts: { text: string; matched: boolean }[]) =>
    parts.filter((part) => part.matched).map((part) => part.text);

  test('whole words are marked, whatever their case, and their parts are not', () => {
    expect(marked(markWords('Leave the leaves; LEAVE. Sick-leave, naïve leaveé', ['leave']))).toEqual([
      'Leave',
      'LEAVE',
      'leave',
    ]);
  });

  test('words with signs of regular expressions are taken as they are', () => {
    expect(marked(markWords('C++ and c (plus)', ['c++', '(plus)']))).toEqual(['C++', '(plus)']);
  });

  test('a long passage is shown from the sentence where the matched words are', () => {
    const filler = 'Nothing of interest stands here at all. '.repeat(30);
    const { parts, cutBefore, cutAfter } = excerptOf(
      `${filler}Parental leave lasts twenty weeks. ${filler}`,
      ['parental', 'leave', 'weeks'],
      200,
    );
    expect(marked(parts)).toEqual(['Parental', 'leave', 'weeks']);
    expect(parts[0]).toEqual({ text: 'Parental', matched: true });
    expect([cutBefore, cutAfter]).toEqual([true, true]);
  });

  test('a short passage is whole, without its Markdown', () => {
    const { parts, cutAfter } = excerptOf(
      '## Leave\n\n**Annual** leave is [25 days](https://example.org).\n\n| a | b |',
      [],
      400,
    );
    expect(parts.map((part) => part.text).join('')).toBe('Leave Annual leave is 25 days. a · b');
    expect(cutAfter).toBe(false);
  });
});
