import type { BlockKind, TextBlock } from '../../storage/schema.ts';

/** What a parser makes of a file. Blocks are in order, do not overlap, and cover all text that is not white space. */
export interface ParsedDocument {
  text: string;
  blocks: TextBlock[];
  title?: string;
  /** True: the title says what the document is about (front matter, book title) and is worth embedding with each chunk. */
  titleIsContext?: boolean;
  pageCount?: number;
  /** Offset into `text` at which each page begins, page 1 first (PDF). */
  pageStarts?: number[];
}

export interface ParseOptions {
  /** The file's name, for messages. */
  name: string;
  signal?: AbortSignal;
  /** Share of the work done, 0-1. */
  onShare?: (share: number) => void;
}

/** Puts a document together block by block; blocks are separated by an empty line. */
export class DocumentBuilder {
  #parts: string[] = [];
  #length = 0;
  #blocks: TextBlock[] = [];

  /** Length of the text so far: where the next block would begin, separator not counted. */
  get length(): number {
    return this.#length;
  }

  /** Appends a block; text of white space only is left out. Leading blanks of code are kept. */
  add(kind: BlockKind, raw: string, details: { level?: number; page?: number } = {}): void {
    const text = kind === 'code' ? raw.replace(/^(?:[ \t]*\n)+|\s+$/g, '') : raw.trim();
    if (text === '') return;
    if (this.#length > 0) this.#push('\n\n');
    const start = this.#length;
    this.#push(text);
    this.#blocks.push({ kind, start, end: this.#length, ...details });
  }

  build(): { text: string; blocks: TextBlock[] } {
    return { text: this.#parts.join(''), blocks: this.#blocks };
  }

  #push(part: string): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}
