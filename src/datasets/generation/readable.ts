import { LINK, PICTURE } from '../../markdown/links.ts';

/** A passage without its mark-up, and where each of its characters stands in the passage. */
export interface ReadableText {
  text: string;
  /** Offset in the passage of each character of `text`, and at the end that of the passage's end. */
  offsets: readonly number[];
}

/** Front matter, comments, shortcodes, images; links keep their words, emphasis and code lose their marks. */
const MARKUP = new RegExp(
  String.raw`(?<![\s\S])---\n[\s\S]*?\n---(?:\n|$)|<!--[\s\S]*?-->|\{\{[<%][\s\S]*?[>%]\}\}|` +
    `${PICTURE}|${LINK}|` +
    String.raw`<\/?[a-z][^>\n]*>|\*\*|__|\x60+|^#{1,6}[ \t]+`,
  'gim',
);

/** What a reader sees of a passage written in Markdown; other text stays as it is. */
export function readable(passage: string): ReadableText {
  let text = '';
  const offsets: number[] = [];
  const keep = (from: number, to: number) => {
    for (let at = from; at < to; at++) offsets.push(at);
    text += passage.slice(from, to);
  };
  let at = 0;
  for (const match of passage.matchAll(MARKUP)) {
    keep(at, match.index);
    const words = match[1];
    // The words of a link begin after its bracket.
    if (words !== undefined) keep(match.index + 1, match.index + 1 + words.length);
    at = match.index + match[0].length;
  }
  keep(at, passage.length);
  offsets.push(passage.length);
  return { text, offsets };
}

/** A stretch of the readable text in the passage. */
export function spanInPassage({ offsets }: ReadableText, start: number, end: number): { start: number; end: number } {
  return { start: offsets[start]!, end: end > start ? offsets[end - 1]! + 1 : offsets[start]! };
}

/** Whether a stretch stands in the passage just as it is read: no mark-up lies within it. */
export function isWhole({ offsets }: ReadableText, start: number, end: number): boolean {
  return end > start && offsets[end - 1]! - offsets[start]! === end - 1 - start;
}
