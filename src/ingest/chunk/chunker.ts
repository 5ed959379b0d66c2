import { passageText } from '../../retrieval/passage-text.ts';
import type { ParsedDocument } from '../parse/parsed-document.ts';
import type { ChunkSettings } from '../settings.ts';
import { columnsOf, fitHeadings, sectionsOf, type Section } from './sections.ts';
import { unitsOf, type BlockUnits, type CountTokens, type Unit } from './units.ts';

/** A passage before it becomes a row: `text === document.text.slice(start, end)`. */
export interface Chunk {
  start: number;
  end: number;
  text: string;
  headings: string[];
  page?: number;
  /** Tokens of headings and text together, special tokens not counted. */
  tokens: number;
}

export interface ChunkOptions {
  settings: Pick<ChunkSettings, 'maxTokens' | 'overlapTokens' | 'headingShare'>;
  /** Tokens of a text in the embedder's vocabulary, special tokens not counted. */
  count: CountTokens;
}

/** A block may be cut, though it would fit whole into a chunk of its own, only while the open chunk is emptier than this. */
const emptyShare = 0.4;

/**
 * Cuts a document into chunks along its structure. A chunk lies within one section; sentences, table rows and lines of
 * code stay whole unless one alone exceeds the budget; tables and code that fit into one chunk are not cut; every
 * character that is not white space lies in a chunk or is a heading of one.
 *
 * @yields chunks in the order of the text; made one by one, so that a long document can be interrupted.
 */
export function* chunkDocument(document: ParsedDocument, options: ChunkOptions): Generator<Chunk> {
  const title = document.titleIsContext ? document.title : undefined;
  for (const section of sectionsOf(document.text, document.blocks, title)) {
    yield* chunkSection(document, section, options);
  }
}

function* chunkSection(document: ParsedDocument, section: Section, options: ChunkOptions): Generator<Chunk> {
  const { settings, count } = options;
  const headingBudget = Math.floor(settings.maxTokens * settings.headingShare);
  const headings = fitHeadings(section.headings, headingBudget, count);
  const packer = new Packer(document, headings, options);
  for (const block of section.blocks) {
    const columns = block.kind === 'table' ? columnsOf(document.text, block) : undefined;
    const later = columns ? fitHeadings([...headings, columns], headingBudget, count) : headings;
    const budget = settings.maxTokens - Math.max(cost(headings, count), cost(later, count));
    const blockUnits = unitsOf(document.text, block, budget, count);
    yield* packer.add(blockUnits, later);
  }
  yield* packer.flush();
}

/** Fills chunks with units; holds at most one open chunk. */
class Packer {
  #units: Unit[] = [];
  #headings: string[];
  #budget: number;
  readonly #sectionHeadings: string[];
  readonly #document: ParsedDocument;
  readonly #options: ChunkOptions;

  constructor(document: ParsedDocument, headings: string[], options: ChunkOptions) {
    this.#document = document;
    this.#sectionHeadings = this.#headings = headings;
    this.#options = options;
    this.#budget = options.settings.maxTokens - cost(headings, options.count);
  }

  /** @param laterHeadings headings of the chunks that begin within this block (the columns of a table). */
  *add({ block, units, tokens }: BlockUnits, laterHeadings: string[]): Generator<Chunk> {
    const isWhole = tokens <= this.#fresh(this.#sectionHeadings);
    const keepsWhole = block.kind === 'table' || block.kind === 'code' || this.#used() > this.#budget * emptyShare;
    if (isWhole && keepsWhole && this.#used() + tokens > this.#budget)
      yield* this.#close(this.#sectionHeadings, units[0]);
    for (const [index, unit] of units.entries()) {
      if (this.#units.length > 0 && this.#used() + unit.tokens > this.#budget) {
        yield* this.#close(index > 0 ? laterHeadings : this.#sectionHeadings, unit);
      }
      this.#units.push(unit);
    }
  }

  *flush(): Generator<Chunk> {
    if (this.#units.length > 0) yield* this.#close(this.#sectionHeadings);
  }

  /** Ends the open chunk and begins the next with the sentences that both share. */
  *#close(nextHeadings: string[], next?: Unit): Generator<Chunk> {
    const closed = this.#units;
    if (closed.length > 0) yield* this.#emit(closed);
    this.#headings = nextHeadings;
    this.#budget = this.#fresh(nextHeadings);
    this.#units = next?.prose ? overlap(closed, this.#options.settings.overlapTokens, this.#budget - next.tokens) : [];
  }

  /** Unit counts add up for WordPiece but only nearly so for other vocabularies: the whole is counted once more. */
  *#emit(units: Unit[]): Generator<Chunk> {
    const { text, pageStarts } = this.#document;
    const { start } = units[0]!;
    const { end } = units.at(-1)!;
    const body = text.slice(start, end);
    const headings = this.#headings;
    const tokens = this.#options.count(passageText({ headings, text: body }));
    if (tokens > this.#options.settings.maxTokens && units.length > 1) {
      const half = units.length >> 1;
      yield* this.#emit(units.slice(0, half));
      yield* this.#emit(units.slice(half));
      return;
    }
    const page = pageStarts && pageAt(pageStarts, start);
    yield { start, end, text: body, headings, tokens, ...(page && { page }) };
  }

  #used(): number {
    return this.#units.reduce((sum, unit) => sum + unit.tokens, 0);
  }

  #fresh(headings: string[]): number {
    return this.#options.settings.maxTokens - cost(headings, this.#options.count);
  }
}

/** The last sentences of a chunk within `limit` tokens and within the room of the next one; never the whole chunk. */
function overlap(units: Unit[], limit: number, room: number): Unit[] {
  const shared: Unit[] = [];
  let tokens = 0;
  for (let i = units.length - 1; i > 0; i--) {
    const unit = units[i]!;
    tokens += unit.tokens;
    if (!unit.prose || tokens > Math.min(limit, room)) break;
    shared.unshift(unit);
  }
  return shared;
}

function cost(headings: string[], count: CountTokens): number {
  return headings.length > 0 ? count(passageText({ headings, text: '' })) : 0;
}

/** Page whose text holds the offset: the last one that begins at or before it. */
export function pageAt(pageStarts: number[], offset: number): number {
  let low = 0;
  let high = pageStarts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pageStarts[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(1, low);
}
