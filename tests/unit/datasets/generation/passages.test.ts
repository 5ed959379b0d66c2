import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choosePassages, worthReading, type Candidate } from '../../../../src/datasets/generation/passages.ts';
import { isWhole, readable, spanInPassage } from '../../../../src/datasets/generation/readable.ts';

const chunk = (text: string, more: Partial<Candidate> = {}): Candidate => ({
  id: 'c',
  documentId: 'd',
  headings: [],
  text,
  ...more,
});
const PROSE =
  'Expenses are paid back within ten days when the receipt is attached to the request. ' +
  'Requests without a receipt go to the finance team, who decide about them at the end of the month.';

describe('passages worth a question', () => {
  test('are running text', () => {
    expect(worthReading(chunk(PROSE), 160)).toBe(true);
  });

  test.each([
    ['too short', chunk('See above.')],
    ['near-duplicates', chunk(PROSE, { nearDuplicateOf: 'other' })],
    ['tables of contents by their heading', chunk(PROSE, { headings: ['Handbook', 'Table of contents'] })],
    ['tables of contents by their dots', chunk('Introduction to the work ........ 1\n'.repeat(12))],
    [
      'lists of links',
      chunk('- [Time off](/a/very/long/path/to/time-off)\n- [Pay](/another/long/path/pay)\n'.repeat(8)),
    ],
    ['rows of numbers', chunk('12.5 | 13.7 | 2024-01-01 | 88 | 91\n'.repeat(10))],
    ['front matter', chunk(`---\ntitle: "A page"\ndescription: "${'About how it is used. '.repeat(12)}"\n---\n`)],
  ])('are not %s', (_, passage) => {
    expect(worthReading(passage, 160)).toBe(false);
  });

  test('may be in a script without blanks', () => {
    expect(worthReading(chunk('経費は領収書を添付すれば十日以内に払い戻されます。'.repeat(10)), 160)).toBe(true);
  });
});

describe('choosing passages', () => {
  const library = fc
    .array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 })
    .map((sizes) =>
      sizes.flatMap((size, d) =>
        Array.from({ length: size }, (_, i) => chunk('', { id: `${d}/${i}`, documentId: String(d) })),
      ),
    );

  test('gives every passage once, the same for one seed', () => {
    fc.assert(
      fc.property(library, fc.integer(), (chunks, seed) => {
        const ids = choosePassages(chunks, seed, 0).map(({ id }) => id);
        expect([...ids].sort()).toEqual(chunks.map(({ id }) => id).sort());
        expect(choosePassages(chunks, seed, 0).map(({ id }) => id)).toEqual(ids);
      }),
    );
  });

  test('takes of each document its share, whenever it is stopped', () => {
    fc.assert(
      fc.property(library, fc.integer({ min: 1, max: 40 }), (chunks, limit) => {
        const chosen = choosePassages(chunks, 1, limit);
        expect(chosen).toHaveLength(Math.min(limit, chunks.length));
        for (const document of new Set(chunks.map(({ documentId }) => documentId))) {
          const of = (list: readonly Candidate[]) => list.filter(({ documentId }) => documentId === document).length;
          expect(Math.abs(of(chosen) - (of(chunks) * chosen.length) / chunks.length)).toBeLessThan(2);
        }
      }),
    );
  });
});

describe('the readable text of a passage', () => {
  test('has words of links and none of the mark-up, and knows where they stand', () => {
    const passage = '---\ntitle: x\n---\n**Ask** [the team](/team/ "x") in `#help`.{{< video 1 >}}';
    const read = readable(passage);
    expect(read.text).toBe('Ask the team in #help.');
    const span = spanInPassage(read, read.text.indexOf('the'), read.text.indexOf('team') + 4);
    expect(passage.slice(span.start, span.end)).toBe('the team');
    expect(isWhole(read, 4, 12)).toBe(true);
    expect(isWhole(read, 0, 12)).toBe(false);
  });

  test('keeps what stands between two rules in the middle of a page', () => {
    expect(readable('One.\n---\nTwo.\n---\nThree.').text).toContain('Two.');
  });

  test('is the passage itself where there is no mark-up', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', 'é', '.', '\n', '漢') }), (text) => {
        expect(readable(text).text).toBe(text);
      }),
    );
  });
});
