import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitSentences } from '../../../src/chat/text/sentences.ts';
import { contentWords, coverage, numbersIn } from '../../../src/chat/text/words.ts';

const sentences = (text: string) => splitSentences(text).map(({ start, end }) => text.slice(start, end));

test('citations after the full stop belong to the sentence before them', () => {
  expect(sentences('Slack is used. [1] It is quick [2]. Mail is slow.[3] [4]')).toEqual([
    'Slack is used. [1]',
    'It is quick [2].',
    'Mail is slow.[3] [4]',
  ]);
});

test('abbreviations, initials, decimals and list numbers do not end a sentence', () => {
  expect(sentences('See e.g. Dr. Smith in the U.S. for $3.5 million. Then go.')).toHaveLength(2);
  expect(sentences('J. R. Tolkien wrote it. He lived.')).toHaveLength(2);
  expect(sentences('1. Do this.\n2. Do that.')).toEqual(['1. Do this.', '2. Do that.']);
});

test('each line stands for itself', () => {
  expect(sentences('# Title\n- one\n- two. Three')).toEqual(['# Title', '- one', '- two.', 'Three']);
});

test('sentences cover everything but white space, in order, without overlap', () => {
  const piece = fc.constantFrom(
    'Word',
    ' ',
    '. ',
    '[1]',
    '[2, 3]',
    '\n',
    '? ',
    'e.g.',
    '1.',
    '"',
    '…',
    '日本語。',
    'é',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      let position = 0;
      for (const { start, end } of splitSentences(text)) {
        expect(text.slice(position, start).trim()).toBe('');
        expect(end).toBeGreaterThan(start);
        position = end;
      }
      expect(text.slice(position).trim()).toBe('');
    }),
  );
});

test('words meet their inflected forms, function words are left out', () => {
  expect(contentWords('Which channels are the policies about?')).toEqual(contentWords('channel policy'));
  expect(contentWords('What is it and where did they go')).toEqual([]);
  expect(contentWords('the CEO of NASA')).toEqual(['ceo', 'nasa']);
  expect(contentWords('Café')).toEqual(contentWords('cafe'));
});

test('numbers are kept whole, whatever their thousands separators, and citations are none', () => {
  expect(numbersIn('In 2019, 1,200 people at 3.5% [2].')).toEqual(['2019', '1200', '3.5']);
});

test('coverage counts each word once and numbers twice', () => {
  expect(coverage(['channel', 'channel', 'policy'], new Set(['channel']))).toBe(0.5);
  expect(coverage(['14', 'day'], new Set(['14']))).toBeCloseTo(2 / 3);
  expect(coverage([], new Set(['x']))).toBe(0);
  expect(coverage(['promotion'], new Set(['promotional']))).toBe(1);
});
