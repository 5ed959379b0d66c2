import { decodeText } from './decode-text.ts';
import type { ParsedDocument } from './parsed-document.ts';
import type { TextBlock } from '../../storage/schema.ts';

/** Plain text: paragraphs are what empty lines separate. The text stays as it is. */
export function parseText(bytes: Uint8Array): ParsedDocument {
  const text = decodeText(bytes);
  return { text, blocks: paragraphBlocks(text) };
}

/** Source code: a block per top-level piece (begins at the margin after an empty line), so that functions stay whole. */
export function parseCode(bytes: Uint8Array): ParsedDocument {
  const text = decodeText(bytes);
  return { text, blocks: blocksBetween(text, /\n(?:[ \t]*\n)+(?=[^\s})\]])/g, 'code') };
}

/** Blocks of a text whose paragraphs are separated by empty lines. */
export function paragraphBlocks(text: string): TextBlock[] {
  return blocksBetween(text, /\n(?:[ \t]*\n)+/g, 'paragraph');
}

function blocksBetween(text: string, separator: RegExp, kind: TextBlock['kind']): TextBlock[] {
  const blocks: TextBlock[] = [];
  const add = (from: number, to: number) => {
    let end = to;
    while (end > from && /\s/.test(text[end - 1]!)) end--;
    let start = from;
    // Whole empty lines go, the indentation of the first line stays: it is part of code.
    for (let i = from; i < end && /\s/.test(text[i]!); i++) if (text[i] === '\n') start = i + 1;
    if (text.slice(start, end).trim() !== '') blocks.push({ kind, start, end });
  };
  let from = 0;
  for (const match of text.matchAll(separator)) {
    add(from, match.index);
    from = match.index + match[0].length;
  }
  add(from, text.length);
  return blocks;
}
