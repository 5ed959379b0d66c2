import type { TextBlock } from '../../storage/schema.ts';
import { sentences, type Span } from './sentences.ts';

/** The smallest piece that is never cut: a sentence, a list item's sentence, a table row, a line of code. */
export interface Unit extends Span {
  tokens: number;
  /** Prose may be repeated as overlap; rows and code lines may not. */
  prose: boolean;
}

/** The units of one block, in order; together they hold all of its text that is not white space. */
export interface BlockUnits {
  block: TextBlock;
  units: Unit[];
  tokens: number;
}

export type CountTokens = (text: string) => number;

/**
 * Splits a block into units of at most `budget` tokens. Only a sentence, row or line that is longer than the whole
 * budget is cut, between words.
 */
export function unitsOf(text: string, block: TextBlock, budget: number, count: CountTokens): BlockUnits {
  const units: Unit[] = [];
  const prose = block.kind !== 'code' && block.kind !== 'table';
  for (const span of spansOf(text, block)) {
    const tokens = count(text.slice(span.start, span.end));
    if (tokens <= budget) units.push({ ...span, tokens, prose });
    else for (const piece of cut(text, span, budget, count)) units.push({ ...piece, prose: false });
  }
  return { block, units, tokens: units.reduce((sum, unit) => sum + unit.tokens, 0) };
}

function spansOf(text: string, block: TextBlock): Span[] {
  switch (block.kind) {
    case 'code':
    case 'table':
      return lines(text, block);
    case 'list':
      return items(text, block).flatMap((item) => sentences(text, item.start, item.end));
    default:
      return sentences(text, block.start, block.end);
  }
}

/** Lines that hold something; a line's indentation belongs to it. */
function lines(text: string, { start, end }: Span): Span[] {
  const spans: Span[] = [];
  for (const match of text.slice(start, end).matchAll(/[^\n]+/g)) {
    const length = match[0].trimEnd().length;
    if (length > 0) spans.push({ start: start + match.index, end: start + match.index + length });
  }
  return spans;
}

function items(text: string, { start, end }: Span): Span[] {
  const source = text.slice(start, end);
  const starts = [...source.matchAll(/\n(?=[ \t]*(?:[-*+•‣◦▪●○·–]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)])\s)/gi)].map(
    (match) => match.index + 1,
  );
  return [0, ...starts].map((from, i) => ({ start: start + from, end: start + (starts[i] ?? source.length) }));
}

/** Cuts a span that is too long at blanks (or anywhere, if it has none), by halves until each piece fits. */
function cut(text: string, span: Span, budget: number, count: CountTokens): (Span & { tokens: number })[] {
  const tokens = count(text.slice(span.start, span.end));
  if (tokens <= budget || span.end - span.start < 2) return [{ ...span, tokens }];
  const ideal = Math.floor((span.end - span.start) * Math.min(0.5, budget / tokens));
  const at = wordEnd(text, span, span.start + Math.max(1, ideal));
  let rest = at;
  while (rest < span.end && /\s/.test(text[rest]!)) rest++;
  return [
    ...cut(text, { start: span.start, end: at }, budget, count),
    ...cutRest(text, { start: rest, end: span.end }, budget, count),
  ];
}

function cutRest(text: string, span: Span, budget: number, count: CountTokens): (Span & { tokens: number })[] {
  return span.start < span.end ? cut(text, span, budget, count) : [];
}

/** The last end of a word at or before `position`; the position itself (but not within a surrogate pair) if there is none. */
function wordEnd(text: string, span: Span, position: number): number {
  for (let i = position; i > span.start + 1; i--) if (/\s/.test(text[i]!) && !/\s/.test(text[i - 1]!)) return i;
  const splitsPair = /[\udc00-\udfff]/.test(text[position]!) && /[\ud800-\udbff]/.test(text[position - 1]!);
  return splitsPair && position + 1 < span.end ? position + 1 : position;
}
