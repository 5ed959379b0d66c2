import type { DocumentFormat } from '../../../../storage/schema.ts';
import { inlineRuns } from './inline-markup.ts';
import type { Run } from './ranges.ts';
import type { ViewBlock } from './sections.ts';

/** What is drawn for a block. All runs are offsets into the document's text. */
export type BlockLayout =
  | { kind: 'heading'; level: number; runs: Run[] }
  | { kind: 'paragraph' | 'quote' | 'code'; runs: Run[] }
  | { kind: 'list'; items: ListItem[] }
  | { kind: 'table'; head: Run[][] | null; rows: Run[][][] };

export interface ListItem {
  /** Nesting, from 0. */
  depth: number;
  /** "•" or the number as written; '' for a line that continues the item above. */
  marker: string;
  runs: Run[];
}

/** All visible runs of a layout, in the order of the text. */
export function runsOf(layout: BlockLayout): Run[] {
  switch (layout.kind) {
    case 'list':
      return layout.items.flatMap((item) => item.runs);
    case 'table':
      return [...(layout.head ? [layout.head] : []), ...layout.rows].flat(2);
    default:
      return layout.runs;
  }
}

interface Line {
  start: number;
  end: number;
  text: string;
}

/** Formats whose text is Markdown after parsing; in the others a star is a star. */
const MARKDOWN: ReadonlySet<DocumentFormat> = new Set(['markdown', 'html', 'docx', 'epub']);

/** Works out how a block is drawn, from its kind and its source lines. */
export function layoutOf(text: string, block: ViewBlock, format: DocumentFormat): BlockLayout {
  const markdown = MARKDOWN.has(format);
  const runs = (start: number, end: number): Run[] =>
    markdown ? inlineRuns(text, start, end) : start < end ? [{ start, end }] : [];

  switch (block.kind) {
    case 'heading':
      return { kind: 'heading', level: block.level ?? 2, runs: headingRuns(text, block, runs) };
    case 'code':
      return { kind: 'code', runs: codeRuns(linesOf(text, block)) };
    case 'table': {
      const table = tableOf(linesOf(text, block), block, runs);
      return table ?? { kind: 'code', runs: [{ start: block.start, end: block.end }] };
    }
    case 'list':
      return { kind: 'list', items: linesOf(text, block).map((line) => listItem(line, runs)) };
    case 'quote':
      return {
        kind: 'quote',
        runs: joinLines(linesOf(text, block), (line) => line.text.match(/^\s*(?:>\s?)+/)?.[0].length ?? 0, runs),
      };
    default:
      return { kind: 'paragraph', runs: runs(block.start, block.end) };
  }
}

function headingRuns(text: string, block: ViewBlock, runs: (start: number, end: number) => Run[]): Run[] {
  const source = text.slice(block.start, block.end);
  const before = source.match(/^\s{0,3}#{1,6}\s+/)?.[0].length ?? 0;
  // Closing marks: "## Title ##", or the underline of a setext heading.
  const after = source.slice(before).match(/(?:\s+#+\s*|\n[=-]+\s*)$/)?.[0].length ?? 0;
  return runs(block.start + before, block.end - after);
}

function codeRuns(lines: Line[]): Run[] {
  const fenced = (line: Line | undefined) => line !== undefined && /^\s*(?:```|~~~)/.test(line.text);
  const from = fenced(lines[0]) ? 1 : 0;
  const to = lines.length > from && fenced(lines.at(-1)) ? lines.length - 1 : lines.length;
  const first = lines[from];
  const last = lines[to - 1];
  return first && last && first.start < last.end ? [{ start: first.start, end: last.end }] : [];
}

function listItem(line: Line, runs: (start: number, end: number) => Run[]): ListItem {
  const match = line.text.match(/^(\s*)(?:([-*+•])|(\d+[.)]))\s+(?:\[[ xX]\]\s+)?/);
  const indent = match ? match[1]!.replaceAll('\t', '    ').length : 0;
  const skip = match ? match[0].length : (line.text.match(/^\s*/)?.[0].length ?? 0);
  return {
    depth: match ? Math.min(6, Math.floor(indent / 2)) : 0,
    marker: match ? (match[3] ?? '•') : '',
    runs: runs(line.start + skip, line.end),
  };
}

/** Runs of several lines as one text; every line keeps its line break, since a break may carry meaning. */
function joinLines(lines: Line[], skip: (line: Line) => number, runs: (start: number, end: number) => Run[]): Run[] {
  return lines.flatMap((line, index) => runs(line.start + skip(line), line.end + (index < lines.length - 1 ? 1 : 0)));
}

/** Parsers of every format write tables the same way: a row per line, cells between pipes, a rule under the header. */
function tableOf(lines: Line[], block: ViewBlock, runs: (start: number, end: number) => Run[]): BlockLayout | null {
  const filled = lines.filter((line) => line.text.trim() !== '');
  if (filled.length === 0 || !filled.every((line) => line.text.includes('|'))) return null;
  const rule = filled.findIndex((line) => /^[\s|:-]*-[\s|:-]*$/.test(line.text));
  const rows = filled
    .filter((_, index) => index !== rule)
    .map((line) => cellsOf(line).map((cell) => runs(cell.start, cell.end)));
  const head = rule === 1 && !block.continued ? rows.shift() : undefined;
  return { kind: 'table', head: head ?? null, rows };
}

/** Cells of one line without padding and outer pipes; an escaped pipe belongs to its cell. */
function cellsOf(line: Line): { start: number; end: number }[] {
  const { text } = line;
  const from = text.match(/^\s*\|/)?.[0].length ?? 0;
  const to = text.length - (text.slice(from).match(/(?<!\\)\|\s*$/)?.[0].length ?? 0);
  const cells: { start: number; end: number }[] = [];
  let cellStart = from;
  for (let i = from; i <= to; i++) {
    if (i < to && (text[i] !== '|' || text[i - 1] === '\\')) continue;
    const raw = text.slice(cellStart, i);
    const start = line.start + cellStart + (raw.length - raw.trimStart().length);
    cells.push({ start, end: start + raw.trim().length });
    cellStart = i + 1;
  }
  return cells;
}

function linesOf(text: string, block: { start: number; end: number }): Line[] {
  const lines: Line[] = [];
  let start = block.start;
  while (start < block.end) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 || newline >= block.end ? block.end : newline;
    lines.push({ start, end, text: text.slice(start, end) });
    start = end + 1;
  }
  return lines;
}
