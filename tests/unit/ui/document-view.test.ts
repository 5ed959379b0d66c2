import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutOf } from '../../../src/ui/screens/library/document/block-layout.ts';
import { inlineRuns } from '../../../src/ui/screens/library/document/inline-markup.ts';
import {
  noOverlay,
  overlayOf,
  piecesOf,
  type ChunkOutline,
  type Run,
} from '../../../src/ui/screens/library/document/ranges.ts';
import { sectionAt, sectionsOf } from '../../../src/ui/screens/library/document/sections.ts';

const visible = (text: string, runs: Run[]) => runs.map((run) => text.slice(run.start, run.end)).join('');
const chunk = (id: string, start: number, end: number, ordinal = 0): ChunkOutline => ({
  id,
  start,
  end,
  ordinal,
  tokens: end - start,
  nearDuplicate: false,
});

describe('inline Markdown as runs', () => {
  test('marks disappear, words and their styles stay', () => {
    const text = 'Take **two _red_ pills** with `a*b`, see [the *guide*](https://example.org/x) and 5 * 3 * 2.';
    const runs = inlineRuns(text, 0, text.length);
    expect(visible(text, runs)).toBe('Take two red pills with a*b, see the guide and 5 * 3 * 2.');
    const styleOf = (word: string) => runs.find((run) => text.slice(run.start, run.end).includes(word));
    expect(styleOf('red')).toMatchObject({ strong: true, em: true });
    expect(styleOf('pills')).toMatchObject({ strong: true });
    expect(styleOf('a*b')).toMatchObject({ code: true });
    expect(styleOf('guide')).toMatchObject({ em: true, href: 'https://example.org/x' });
  });

  test('tags and comments within Markdown are not shown, comparisons are', () => {
    const text = '<i class="fa"></i> Vision <!-- note --> and 1 < 2 > 0<br>';
    const runs = inlineRuns(text, 0, text.length);
    expect(visible(text, runs)).toBe(' Vision  and 1 < 2 > 0');
  });

  test('emphasis goes over a wrapped line', () => {
    const text = 'so *the\nproblem!)* is';
    expect(visible(text, inlineRuns(text, 0, text.length))).toBe('so the\nproblem!) is');
  });

  test('underscores within a word are no emphasis', () => {
    const text = 'the max_new_tokens knob';
    expect(inlineRuns(text, 0, text.length)).toEqual([{ start: 0, end: text.length }]);
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', ' JaVaScRiPt:alert(1)', 'vbscript:x', '//host/x'])(
    'a link to %s is only text',
    (target) => {
      const text = `[click](${target})`;
      expect(inlineRuns(text, 0, text.length).every((run) => run.href === undefined)).toBe(true);
    },
  );

  test('runs never leave their range, overlap or go back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('*', '**', '_', '`', '[', ']', '(', ')', 'word', ' ', '\n', '\\', '<')),
        (parts) => {
          const text = parts.join('');
          let at = 0;
          for (const run of inlineRuns(text, 0, text.length)) {
            expect(run.start).toBeGreaterThanOrEqual(at);
            expect(run.end).toBeGreaterThanOrEqual(run.start);
            at = run.end;
          }
          expect(at).toBeLessThanOrEqual(text.length);
        },
      ),
    );
  });
});

describe('pieces', () => {
  const text = 'Alpha beta gamma delta epsilon';

  test('the highlight covers exactly its characters', () => {
    const pieces = piecesOf(text, [{ start: 0, end: text.length }], { ...noOverlay, highlight: { start: 6, end: 16 } });
    expect(pieces.filter((piece) => piece.highlighted).map((piece) => piece.text)).toEqual(['beta gamma']);
    expect(pieces.map((piece) => piece.text).join('')).toBe(text);
  });

  test('a chunk opens once, at its first visible character, and the overlap of two is told', () => {
    const source = '**Alpha** beta gamma';
    const runs = inlineRuns(source, 0, source.length);
    const whole = { start: 0, end: source.length };
    const chunks = [chunk('a', 0, 14), chunk('b', 10, 20, 1)];
    const pieces = piecesOf(source, runs, overlayOf(whole, runs, chunks, undefined));
    expect(pieces.filter((piece) => piece.opens).map((piece) => [piece.opens!.id, piece.text])).toEqual([
      ['a', 'Alpha'],
      ['b', 'beta'],
    ]);
    expect(pieces.filter((piece) => piece.shared).map((piece) => piece.text)).toEqual(['beta']);
  });

  test('a chunk that began in an earlier block does not open again', () => {
    const section = { start: 11, end: 16 };
    const pieces = piecesOf(text, [section], overlayOf(section, [section], [chunk('a', 0, 30)], undefined));
    expect(pieces.every((piece) => piece.opens === undefined)).toBe(true);
  });
});

describe('block layout', () => {
  test('a table has its header, its rows and no rule', () => {
    const text = '| Name | Days |\n|---|---|\n| Annual | 25 |\n| a \\| b | **1** |';
    const layout = layoutOf(text, { kind: 'table', start: 0, end: text.length }, 'markdown');
    if (layout.kind !== 'table') throw new Error(layout.kind);
    expect(layout.head?.map((cell) => visible(text, cell))).toEqual(['Name', 'Days']);
    expect(layout.rows.map((row) => row.map((cell) => visible(text, cell)))).toEqual([
      ['Annual', '25'],
      ['a | b', '1'],
    ]);
  });

  test('list items keep depth, number and text', () => {
    const text = '- one\n  - two\n1. three\n   more';
    const layout = layoutOf(text, { kind: 'list', start: 0, end: text.length }, 'markdown');
    if (layout.kind !== 'list') throw new Error(layout.kind);
    expect(layout.items.map((item) => [item.depth, item.marker, visible(text, item.runs)])).toEqual([
      [0, '•', 'one'],
      [1, '•', 'two'],
      [0, '1.', 'three'],
      [0, '', 'more'],
    ]);
  });

  test('headings lose their marks in both spellings, code its fence', () => {
    const shown = (text: string, kind: 'heading' | 'code') => {
      const layout = layoutOf(text, { kind, start: 0, end: text.length }, 'markdown');
      return 'runs' in layout ? visible(text, layout.runs) : '';
    };
    expect(shown('## Leave policy ##', 'heading')).toBe('Leave policy');
    expect(shown('Leave policy\n======', 'heading')).toBe('Leave policy');
    expect(shown('```ts\nconst a = 1;\n\nb();\n```', 'code')).toBe('const a = 1;\n\nb();');
  });

  test('in plain text a star is a star', () => {
    const text = 'a *b* c';
    const layout = layoutOf(text, { kind: 'paragraph', start: 0, end: text.length }, 'text');
    expect('runs' in layout && visible(text, layout.runs)).toBe(text);
  });
});

describe('sections', () => {
  test('a huge block is cut into parts that join to the whole, and every offset finds its section', () => {
    const text = Array.from({ length: 5_000 }, (_, i) => `| row ${i} | ${'x'.repeat(i % 40)} |`).join('\n');
    const sections = sectionsOf(text, [{ kind: 'table', start: 0, end: text.length }]);
    expect(sections.length).toBeGreaterThan(10);
    const parts = sections.flatMap((section) => section.blocks);
    expect(parts.map((part) => text.slice(part.start, part.end)).join('')).toBe(text);
    expect(parts.slice(1).every((part) => part.continued && text[part.start - 1] === '\n')).toBe(true);
    for (const offset of [0, 1, 70_000, text.length - 1]) {
      const section = sections[sectionAt(sections, offset)]!;
      expect(section.start).toBeLessThanOrEqual(offset);
      expect(section.end).toBeGreaterThan(offset);
    }
  });
});
