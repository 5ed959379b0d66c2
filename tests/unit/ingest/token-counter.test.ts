import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { approximateTokens, fasterCounter } from '../../../src/ingest/token-counter.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer, type TextTokenizer } from '../../../src/models/tokenizer.ts';

let tokenizer: TextTokenizer;
beforeAll(async () => {
  tokenizer = await createTokenizer(await starterModelFiles('all-MiniLM-L6-v2'));
});

describe('counting tokens', () => {
  it('word by word equals the search model’s own count for any text', () => {
    const count = (text: string) => tokenizer.count(text);
    const faster = fasterCounter(count);
    expect(faster).not.toBe(count);
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('don’t', '東京', '…', 'a\u00a0b', '🙂', 'x\u200by', '##ing', '[SEP]'),
    );
    const text = fc.array(fc.tuple(word, fc.constantFrom(' ', '\n', '\t', '  '))).map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(text, (value) => {
        expect(faster(value)).toBe(count(value));
      }),
      { numRuns: 500 },
    );
  });

  it('stays with the tokenizer when its counts do not add up by words', () => {
    const byteLevel = (text: string) => text.length;
    expect(fasterCounter(byteLevel)).toBe(byteLevel);
  });

  it('without a model errs on the safe side', () => {
    const texts = [
      'The quick brown fox jumps over the lazy dog.',
      'Internationalisation of antidisestablishmentarianism',
      '東京は夜です',
      'a | b | c 3.14159',
    ];
    for (const text of texts) expect(approximateTokens(text)).toBeGreaterThanOrEqual(tokenizer.count(text) * 0.85);
  });
});
