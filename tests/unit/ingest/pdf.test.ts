import { readFile } from 'node:fs/promises';
import { PDFDocument, StandardFonts, type PDFFont, type PDFPage } from 'pdf-lib';
import { describe, expect, it } from 'vitest';
import { chunkDocument } from '../../../src/ingest/chunk/chunker.ts';
import { approximateTokens } from '../../../src/ingest/token-counter.ts';
import { outline, parse } from './support.ts';

interface Fonts {
  text: PDFFont;
  bold: PDFFont;
  mono: PDFFont;
}

/** A4 pages, 11 points with 14 points of leading unless said otherwise. */
async function pdf(
  draw: (fonts: Fonts, page: () => PDFPage) => void | Promise<void>,
  title?: string,
): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  if (title) document.setTitle(title);
  const [text, bold, mono] = await Promise.all(
    [StandardFonts.TimesRoman, StandardFonts.TimesRomanBold, StandardFonts.Courier].map((font) =>
      document.embedFont(font),
    ),
  );
  await draw({ text: text!, bold: bold!, mono: mono! }, () => document.addPage([595, 842]));
  return document.save();
}

function lines(
  page: PDFPage,
  font: PDFFont,
  text: string[],
  { x = 70, top = 760, size = 11, leading = 14 } = {},
): void {
  text.forEach((line, i) => page.drawText(line, { x, y: top - i * leading, size, font }));
}

describe('PDF', () => {
  it('gives paragraphs, headings by size, lists and code', async () => {
    const bytes = await pdf(({ text, bold, mono }, page) => {
      const p = page();
      lines(p, bold, ['Annual report'], { size: 22, top: 780 });
      lines(p, bold, ['1 Results'], { size: 15, top: 740 });
      lines(p, text, ['The first paragraph runs over two lines and is', 'joined to one.'], { top: 715 });
      lines(p, text, ['The second one stands apart.'], { top: 675 });
      lines(p, text, ['- first item of a list', '- second item which is', '  longer than a line'], { top: 645 });
      lines(p, mono, ['if (a) {', '  b();', '}'], { top: 590, size: 10, leading: 12 });
      lines(p, bold, ['2 Outlook'], { size: 15, top: 530 });
      lines(p, text, ['More of the same is expected next year, says the board.'], { top: 505 });
    }, 'Report 2026');
    const parsed = await parse('a.pdf', bytes);
    expect(parsed).toMatchObject({ title: 'Report 2026', pageCount: 1 });
    expect(outline(parsed)).toEqual([
      'h1: Annual report',
      'h2: 1 Results',
      'paragraph: The first paragraph runs over two lines and is joined to one.',
      'paragraph: The second one stands apart.',
      'list: - first item of a list\n- second item which is longer than a line',
      'code: if (a) {\n  b();\n}',
      'h2: 2 Outlook',
      'paragraph: More of the same is expected next year, says the board.',
    ]);
  });

  it('reads columns one after the other, also when they are drawn line by line and below a wide title', async () => {
    const left = Array.from({ length: 12 }, (_, i) => `left column line number ${i + 1}`);
    const right = Array.from({ length: 12 }, (_, i) => `right column line number ${i + 1}`);
    const bytes = await pdf(({ text, bold }, page) => {
      const p = page();
      lines(p, bold, ['A title that spans both of the columns of this page'], { size: 16, top: 800, x: 80 });
      left.forEach((_, i) => {
        lines(p, text, [left[i]!], { x: 60, top: 740 - i * 14 });
        lines(p, text, [right[i]!], { x: 320, top: 740 - i * 14 });
      });
    });
    const parsed = await parse('a.pdf', bytes);
    expect(outline(parsed)).toEqual([
      'h1: A title that spans both of the columns of this page',
      `paragraph: ${[...left, ...right].join(' ')}`,
    ]);
  });

  it('keeps rows of cells together as a table', async () => {
    const rows = [
      ['Town', 'People', 'Area'],
      ['Aachen', '249,000', '161'],
      ['Bonn', '331,000', '141'],
      ['Celle', '70,000', '176'],
      ['Dachau', '47,000', '35'],
    ];
    const bytes = await pdf(({ text }, page) => {
      const p = page();
      rows.forEach((row, r) =>
        row.forEach((cell, c) => lines(p, text, [cell], { x: 70 + c * 140, top: 700 - r * 14 })),
      );
    });
    expect(
      (await parse('a.pdf', bytes)).text.split('\n').map((line) => line.replaceAll('|', '').trim().split(/\s+/)),
    ).toEqual([rows[0], ['---', '---', '---'], ...rows.slice(1)]);
  });

  it('joins words broken at a line’s end, and keeps hyphens that belong there', async () => {
    const bytes = await pdf(({ text }, page) =>
      lines(page(), text, ['The well-known inter-', 'national body met in a well-', 'known place.']),
    );
    expect((await parse('a.pdf', bytes)).text).toBe('The well-known international body met in a well-known place.');
  });

  it('drops running heads and page numbers, joins paragraphs across pages, and knows the page of each place', async () => {
    const bytes = await pdf(({ text }, page) => {
      for (let n = 1; n <= 6; n++) {
        const p = page();
        lines(p, text, ['Handbook of the Society'], { top: 815, size: 9 });
        lines(p, text, [`Page ${n} of 6`], { top: 30, size: 9, x: 270 });
        const body = Array.from({ length: 20 }, (_, i) => `line ${i} of page ${n} goes on without an end and`);
        lines(p, text, body, { top: 760 });
      }
    });
    const parsed = await parse('a.pdf', bytes);
    expect(parsed.text).not.toMatch(/Handbook|Page \d/);
    expect(parsed.blocks).toHaveLength(1);
    expect(parsed.pageStarts!.map((start) => parsed.text.slice(start, start + 16))).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `line 0 of page ${n}`),
    );
    const settings = { maxTokens: 100, overlapTokens: 0, headingShare: 0 };
    const pages = [1, 2, 3, 4, 5, 6];
    for (const chunk of chunkDocument(parsed, { settings, count: approximateTokens })) {
      const begun = pages.filter((n) => parsed.text.indexOf(`line 0 of page ${n}`) <= chunk.start);
      expect(chunk.page).toBe(begun.at(-1));
    }
  });

  it('drops heads that differ by chapter but carry the page’s number', async () => {
    const bytes = await pdf(({ text }, page) => {
      for (let n = 1; n <= 5; n++) {
        const p = page();
        lines(p, text, [`${n === 2 ? 'Beginnings' : `Part ${'ABCDE'[n]}`}`], { top: 815 });
        lines(p, text, [`${n + 10}`], { top: 30 });
        lines(p, text, [`Body of sheet ${'abcde'[n - 1]}.`, 'It has a second line.', 'And a third.', 'And a fourth.']);
      }
    });
    expect((await parse('a.pdf', bytes)).text).not.toMatch(/1[1-5]/);
  });

  it('reads pages that are turned', async () => {
    const bytes = await pdf(({ text }, page) => {
      const p = page();
      p.setRotation({ type: 'degrees', angle: 90 } as never);
      for (let i = 0; i < 3; i++)
        p.drawText(`turned line ${i}`, {
          x: 100 + i * 14,
          y: 100,
          size: 11,
          font: text,
          rotate: { type: 'degrees', angle: 90 } as never,
        });
    });
    expect((await parse('a.pdf', bytes)).text).toBe('turned line 0 turned line 1 turned line 2');
  });

  it('without text, with a password or damaged says so', async () => {
    const scanned = await pdf((_, page) => void page().drawRectangle({ x: 10, y: 10, width: 500, height: 700 }));
    await expect(parse('scan.pdf', scanned)).rejects.toMatchObject({
      code: 'document/no-text',
      message: expect.stringContaining('scan.pdf') as string,
    });
    await expect(
      parse('locked.pdf', await readFile('tests/fixtures/documents/password-to-open.pdf')),
    ).rejects.toMatchObject({ code: 'document/encrypted' });
    await expect(parse('cut.pdf', scanned.slice(0, 200))).rejects.toMatchObject({ code: 'document/corrupt' });
    expect((await parse('open.pdf', await readFile('tests/fixtures/documents/password-to-change.pdf'))).text).toBe(
      'The vault code is written on page two.',
    );
  });
});
