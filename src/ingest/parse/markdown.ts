import { Lexer, type Token, type Tokens } from 'marked';
import type { BlockKind, TextBlock } from '../../storage/schema.ts';
import { decodeText } from './decode-text.ts';
import { headingTitle } from './markdown-heading.ts';
import type { ParsedDocument } from './parsed-document.ts';

const kinds: Record<string, BlockKind> = {
  heading: 'heading',
  list: 'list',
  table: 'table',
  code: 'code',
  blockquote: 'quote',
};

/** Markdown: the text stays the source, blocks are what the CommonMark lexer finds; front matter gives the title. */
export function parseMarkdown(bytes: Uint8Array): ParsedDocument {
  return parseMarkdownText(decodeText(bytes));
}

export function parseMarkdownText(text: string): ParsedDocument {
  const frontMatter = /^---[ \t]*\n([\s\S]*?)\n---[ \t]*(?:\n|$)/.exec(text);
  const from = frontMatter?.[0].length ?? 0;
  const blocks = blocksOf(text, from);
  if (frontMatter) addFrontMatter(blocks, text, from);
  const frontTitle = frontMatter ? titleInFrontMatter(frontMatter[1]!) : undefined;
  const firstHeading = blocks.find((block) => block.kind === 'heading');
  const title = frontTitle ?? (firstHeading && headingTitle(text.slice(firstHeading.start, firstHeading.end)));
  return { text, blocks, ...(title && { title }), titleIsContext: frontTitle !== undefined };
}

/** Only the block level of the lexer runs: inline syntax is of no interest here and would take most of the time. */
function blocksOf(text: string, from: number): TextBlock[] {
  const blocks: TextBlock[] = [];
  let position = from;
  for (const token of new Lexer().blockTokens(text.slice(from), [])) {
    // The lexer may normalise blanks inside `raw`; when it does, find the block's end by the next token instead.
    const start = text.startsWith(token.raw, position) ? position : indexOfLoose(text, token.raw, position);
    const end = Math.min(text.length, start + token.raw.length);
    addBlock(blocks, text, token, position, end);
    position = end;
  }
  if (text.slice(position).trim() !== '') push(blocks, text, 'paragraph', position, text.length);
  return blocks;
}

/** Where the first line of `raw` stands; when the lexer changed it, simply here: nothing may be skipped. */
function indexOfLoose(text: string, raw: string, position: number): number {
  const found = text.indexOf(raw, position);
  return found >= 0 && text.slice(position, found).trim() === '' ? found : position;
}

function addBlock(blocks: TextBlock[], text: string, token: Token, start: number, end: number): void {
  if (token.type === 'space' || token.type === 'def') {
    // A link definition is text that people may look for; an empty line is not.
    if (text.slice(start, end).trim() === '') return;
  }
  const kind = kinds[token.type] ?? 'paragraph';
  push(blocks, text, kind, start, end, kind === 'heading' ? (token as Tokens.Heading).depth : undefined);
}

function push(blocks: TextBlock[], text: string, kind: BlockKind, from: number, to: number, level?: number): void {
  let start = from;
  let end = to;
  while (end > start && /\s/.test(text[end - 1]!)) end--;
  while (start < end && (kind === 'code' ? text[start] === '\n' : /\s/.test(text[start]!))) start++;
  if (start < end) blocks.push({ kind, start, end, ...(level && { level }) });
}

function addFrontMatter(blocks: TextBlock[], text: string, end: number): void {
  blocks.unshift({ kind: 'code', start: 0, end: text.slice(0, end).trimEnd().length });
}

function titleInFrontMatter(yaml: string): string | undefined {
  const value = /^title:[ \t]*(.+?)[ \t]*$/m.exec(yaml)?.[1];
  return value?.replace(/^(["'])(.*)\1$/, '$2') || undefined;
}
