import type { TextBlock } from '../../storage/schema.ts';
import { headingTitle } from '../parse/markdown-heading.ts';
import { isTableRule } from '../parse/table-text.ts';
import type { CountTokens } from './units.ts';

/** Blocks under one heading. `headings` are the titles from the outermost down to it. */
export interface Section {
  headings: string[];
  blocks: TextBlock[];
}

/**
 * Groups blocks by the heading that they stand under. A heading's line is not text of its section: it lives on in
 * `headings`. Only a heading with nothing below it becomes a section of its own, or its words would be lost.
 *
 * @param title the document's own title; put outermost when the headings do not begin with it.
 */
export function sectionsOf(text: string, blocks: TextBlock[], title?: string): Section[] {
  const sections: Section[] = [];
  const path: { level: number; block: TextBlock; name: string; used: boolean }[] = [];
  const headings = () =>
    withTitle(
      path.map((heading) => heading.name),
      title,
    );
  const leave = (level: number) => {
    while (path.length > 0 && path.at(-1)!.level >= level) {
      const left = path.pop()!;
      if (!left.used) sections.push({ headings: headings(), blocks: [{ ...left.block, kind: 'paragraph' }] });
      // What stands below a heading uses the ones above it as well.
      if (path.length > 0) path.at(-1)!.used = true;
    }
  };
  let open: Section | undefined;
  for (const block of blocks) {
    if (block.kind === 'heading') {
      leave(block.level ?? 1);
      path.push({
        level: block.level ?? 1,
        block,
        name: headingTitle(text.slice(block.start, block.end)),
        used: false,
      });
      open = undefined;
    } else {
      if (!open) sections.push((open = { headings: headings(), blocks: [] }));
      if (path.length > 0) path.at(-1)!.used = true;
      open.blocks.push(block);
    }
  }
  leave(0);
  return sections.sort((a, b) => a.blocks[0]!.start - b.blocks[0]!.start);
}

function withTitle(headings: string[], title?: string): string[] {
  const named = headings.filter((heading) => heading !== '');
  return !title || named[0]?.toLowerCase() === title.toLowerCase() ? named : [title, ...named];
}

/**
 * Headings within a token budget: the outermost are dropped first, and a last one that is still too long is shortened
 * at a blank.
 */
export function fitHeadings(headings: string[], budget: number, count: CountTokens): string[] {
  const cost = (path: string[]) => (path.length > 0 ? count(path.join(' > ')) : 0);
  let kept = headings;
  while (kept.length > 1 && cost(kept) > budget) kept = kept.slice(1);
  if (cost(kept) <= budget) return kept;
  const words = kept[0]!.split(/\s+/);
  while (words.length > 1 && count(words.join(' ') + '…') > budget)
    words.length = Math.ceil(words.length * 0.75) - (words.length < 4 ? 1 : 0);
  const short = `${words.join(' ')}…`;
  return count(short) <= budget ? [short] : [];
}

/** The first row of a table, for the chunks that hold its later rows: "Columns: name, age". */
export function columnsOf(text: string, block: TextBlock): string | undefined {
  const [header, rule] = text.slice(block.start, block.end).split('\n', 2);
  if (!header || !rule || !isTableRule(rule)) return undefined;
  const cells = header
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '');
  return cells.length > 0 ? `Columns: ${cells.join(', ')}` : undefined;
}
