import type { TextBlock } from '../../../../storage/schema.ts';
import type { Range } from './ranges.ts';

/** A block as the viewer draws it: large ones are cut, so that one table of 50,000 rows does not freeze the screen. */
export interface ViewBlock extends TextBlock {
  /** A later part of a block that was cut. */
  continued?: true;
  /** The page that begins with this block. */
  opensPage?: number;
}

/** Neighbouring blocks that are drawn and dropped together. */
export interface Section extends Range {
  index: number;
  blocks: ViewBlock[];
  /** Pixels it will about take, until it was drawn and measured. */
  estimatedHeight: number;
}

const SECTION_CHARACTERS = 6_000;
const CHARACTERS_PER_LINE = 80;
const LINE_PIXELS = 25;
const BLOCK_GAP_PIXELS = 14;

/** Groups a document's blocks into sections of a few screens each. A text without blocks is one paragraph. */
export function sectionsOf(text: string, blocks: readonly TextBlock[]): Section[] {
  const source: readonly TextBlock[] = blocks.length > 0 ? blocks : [{ kind: 'paragraph', start: 0, end: text.length }];
  const sections: Section[] = [];
  let current: Section | undefined;
  let page: number | undefined;
  for (const block of source) {
    for (const part of splitLarge(text, block)) {
      if (part.page !== page && part.page !== undefined) part.opensPage = page = part.page;
      if (!current || part.end - current.start > SECTION_CHARACTERS) {
        current = { index: sections.length, start: part.start, end: part.end, blocks: [], estimatedHeight: 0 };
        sections.push(current);
      }
      current.blocks.push(part);
      current.end = part.end;
      current.estimatedHeight += linesIn(text, part) * LINE_PIXELS + BLOCK_GAP_PIXELS;
    }
  }
  return sections;
}

/** Index of the section that shows an offset; the nearest one before it when it lies between two. */
export function sectionAt(sections: readonly Section[], offset: number): number {
  let low = 0;
  let high = sections.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sections[middle]!.start <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Cuts at line ends where there are any, else at spaces, else hard. */
function splitLarge(text: string, block: TextBlock): ViewBlock[] {
  if (block.end - block.start <= SECTION_CHARACTERS) return [{ ...block }];
  const parts: ViewBlock[] = [];
  let start = block.start;
  while (start < block.end) {
    let end = Math.min(block.end, start + SECTION_CHARACTERS);
    if (end < block.end) {
      const newline = text.lastIndexOf('\n', end);
      const space = text.lastIndexOf(' ', end);
      if (newline > start) end = newline + 1;
      else if (space > start) end = space + 1;
    }
    parts.push({ ...block, start, end, ...(start > block.start ? { continued: true as const } : {}) });
    start = end;
  }
  return parts;
}

function linesIn(text: string, block: Range): number {
  let lines = 0;
  let start = block.start;
  while (start < block.end) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 || newline > block.end ? block.end : newline;
    lines += Math.max(1, Math.ceil((end - start) / CHARACTERS_PER_LINE));
    start = end + 1;
  }
  return lines;
}
