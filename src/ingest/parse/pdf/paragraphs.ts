import type { BlockKind } from '../../../storage/schema.ts';
import { DocumentBuilder } from '../parsed-document.ts';
import { tableText } from '../table-text.ts';
import type { Line } from './lines.ts';

interface Paragraph {
  kind: BlockKind;
  lines: Line[];
}

const listMark = /^(?:[•‣◦▪●○·∙–*-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)])\s+\S/i;
const loneMark = /^(?:[•‣◦▪●○·∙–*-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)])$/i;
const sentenceEnd = /[.!?:;…][)"”’»\]]*$/;

/** Letters of a heading are larger than the text's by this factor. */
const headingFactor = 1.12;

/**
 * Makes blocks of lines in reading order: headings by size, lists by their marks, code by its font, tables by rows of
 * cells; the rest are paragraphs, also across columns and pages. Words broken at a line's end are put together.
 *
 * @param pageCount pages of the file; some may have no line.
 */
export function toBlocks(lines: Line[], pageCount: number): { builder: DocumentBuilder; pageStarts: number[] } {
  const body = bodySize(lines);
  const leading = typicalLeading(lines, body);
  const paragraphs = group(lines, body, leading);
  const levels = headingLevels(paragraphs);
  const hyphenated = wordsWithHyphen(lines);
  const builder = new DocumentBuilder();
  const pageStarts: number[] = [];
  for (const { kind, lines } of paragraphs) {
    const begins = builder.length === 0 ? 0 : builder.length + 2;
    const { text, offsets } = kind === 'table' ? joinTable(lines) : joinLines(lines, kind, hyphenated);
    for (const [i, line] of lines.entries()) {
      while (pageStarts.length < line.page) pageStarts.push(begins + offsets[i]!);
    }
    const level = kind === 'heading' ? levels.get(rounded(lines[0]!.size)) : undefined;
    builder.add(kind, text, { ...(level && { level }), page: lines[0]!.page });
  }
  while (pageStarts.length < pageCount) pageStarts.push(builder.length);
  return { builder, pageStarts };
}

function group(lines: Line[], body: number, leading: number): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  const tableLines = tableRows(lines);
  for (const line of lines) {
    const kind = kindOf(line, body, tableLines);
    const open = paragraphs.at(-1);
    if (open && belongsTo(open, kind, line, leading)) open.lines.push(line);
    else paragraphs.push({ kind, lines: [line] });
  }
  return paragraphs;
}

function kindOf(line: Line, body: number, tableLines: Set<Line>): BlockKind {
  if (tableLines.has(line)) return 'table';
  if (line.size >= body * headingFactor && line.text.length < 200 && /\p{L}/u.test(line.text)) return 'heading';
  if (line.mono) return 'code';
  return listMark.test(line.text) ? 'list' : 'paragraph';
}

function belongsTo(open: Paragraph, kind: BlockKind, line: Line, leading: number): boolean {
  const last = open.lines.at(-1)!;
  const sameColumn = last.page === line.page && line.y > last.y;
  const gap = line.y - last.y;
  const near = sameColumn && gap <= Math.max(leading, line.size * 1.1) * 1.35;
  switch (open.kind) {
    case 'table':
      return kind === 'table' && sameColumn;
    case 'heading':
      return kind === 'heading' && near && rounded(last.size) === rounded(line.size);
    case 'code':
      return kind === 'code' && sameColumn && gap < leading * 2.6;
    case 'list': {
      if (kind === 'list') return !sameColumn || gap < leading * 2.2;
      const isContinued = kind === 'paragraph' && line.x > open.lines[0]!.x + 2;
      return isContinued && (near || (!sameColumn && !sentenceEnd.test(last.text)));
    }
    default:
      if (kind !== 'paragraph' || Math.abs(last.size - line.size) > 0.12 * line.size) return false;
      if (!sameColumn) return !sentenceEnd.test(last.text) && /^[\p{Ll}\p{N}(]/u.test(line.text);
      return near && !isIndented(line, last, open);
  }
}

/** The first line of a paragraph set in by one or more letters, below a line that stands at the margin. */
function isIndented(line: Line, last: Line, open: Paragraph): boolean {
  const margin = Math.min(...open.lines.slice(-3).map((l) => l.x));
  return (
    line.x - margin > line.size * 0.8 &&
    line.x - margin < line.size * 5 &&
    last.x - margin < 2 &&
    sentenceEnd.test(last.text)
  );
}

/** Three or more rows in a run with the same number of cells, two at least; list marks are no cells. */
function tableRows(lines: Line[]): Set<Line> {
  const rows = new Set<Line>();
  let run: Line[] = [];
  const close = () => {
    if (run.length >= 3) run.forEach((line) => rows.add(line));
    run = [];
  };
  for (const line of lines) {
    const isRow =
      line.cells.length >= 2 &&
      !loneMark.test(line.cells[0]!) &&
      !line.text.includes('. . .') &&
      !/\.{5}/.test(line.text);
    if (run.length > 0 && (!isRow || line.cells.length !== run[0]!.cells.length || line.page !== run[0]!.page)) close();
    if (isRow) run.push(line);
  }
  close();
  return rows;
}

function joinTable(lines: Line[]): { text: string; offsets: number[] } {
  return { text: tableText(lines.map((line) => line.cells)), offsets: lines.map(() => 0) };
}

/** Text of a block and where each of its lines begins in it. */
function joinLines(lines: Line[], kind: BlockKind, hyphenated: Set<string>): { text: string; offsets: number[] } {
  let text = '';
  const offsets: number[] = [];
  const left = Math.min(...lines.map((line) => line.x));
  for (const line of lines) {
    if (text !== '') {
      if (kind === 'code' || (kind === 'list' && listMark.test(line.text))) text += '\n';
      else if (!isBroken(text, line.text)) text += /[\u3040-\u9fff]$/.test(text) ? '' : ' ';
      else if (!keepsHyphen(text, line.text, hyphenated)) text = text.slice(0, -1);
    }
    offsets.push(text.length);
    // Code has lost its blanks to coordinates; letters of fixed width give them back.
    text += kind === 'code' ? indentation(line, left) + line.text : line.text;
  }
  return { text, offsets };
}

function indentation(line: Line, left: number): string {
  return ' '.repeat(Math.min(40, Math.max(0, Math.round((line.x - left) / (line.size * 0.6)))));
}

function isBroken(text: string, next: string): boolean {
  return /\p{L}[-\u00ad\u2010]$/u.test(text) && /^\p{Ll}/u.test(next);
}

/** "well-\nknown" keeps its hyphen when the document has "well-known" elsewhere within a line. */
function keepsHyphen(text: string, next: string, hyphenated: Set<string>): boolean {
  const head = /[\p{L}\p{N}]+(?=[-\u2010]$)/u.exec(text)?.[0] ?? '';
  const tail = /^[\p{L}\p{N}]+/u.exec(next)?.[0] ?? '';
  return hyphenated.has(`${head}-${tail}`.toLowerCase());
}

function wordsWithHyphen(lines: Line[]): Set<string> {
  const words = new Set<string>();
  for (const line of lines) {
    for (const match of line.text.matchAll(/[\p{L}\p{N}]+[-\u2010][\p{L}\p{N}]+/gu))
      words.add(match[0].replace('\u2010', '-').toLowerCase());
  }
  return words;
}

/** The size that most letters have. */
function bodySize(lines: Line[]): number {
  const letters = new Map<number, number>();
  for (const line of lines) letters.set(rounded(line.size), (letters.get(rounded(line.size)) ?? 0) + line.text.length);
  return [...letters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 10;
}

/** The most frequent distance of following baselines in body text, in steps of half a point; of equals the smallest. */
function typicalLeading(lines: Line[], body: number): number {
  const counts = new Map<number, number>();
  for (let i = 1; i < lines.length; i++) {
    const [above, below] = [lines[i - 1]!, lines[i]!];
    const gap = rounded(below.y - above.y);
    const isBody = rounded(above.size) === body && rounded(below.size) === body && above.page === below.page;
    if (isBody && gap > 0 && gap < body * 3) counts.set(gap, (counts.get(gap) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? body * 1.2;
}

/** The largest size is level 1, the next level 2, and so on to 6. */
function headingLevels(paragraphs: Paragraph[]): Map<number, number> {
  const sizes = new Set(paragraphs.filter((p) => p.kind === 'heading').map((p) => rounded(p.lines[0]!.size)));
  return new Map([...sizes].sort((a, b) => b - a).map((size, i) => [size, Math.min(6, i + 1)]));
}

const rounded = (size: number) => Math.round(size * 2) / 2;
