import type { ChunkRow } from '../../../../storage/schema.ts';

/** Words that a search for a selection goes by; a longer one is found by its beginning and cut there. */
const MOST_WORDS = 120;

export interface Located {
  chunkId: string;
  /** Offsets into the chunk's text. */
  start: number;
  end: number;
}

/**
 * The passage that holds a selection of a rendered document. Markup is not rendered and line breaks are, so only the
 * words have to agree.
 *
 * @returns null when no single passage holds all of it
 */
export function locate(selection: string, chunks: readonly Pick<ChunkRow, 'id' | 'text'>[]): Located | null {
  const words = selection.match(/[\p{L}\p{N}]+/gu)?.slice(0, MOST_WORDS);
  if (!words) return null;
  // Words hold letters and digits only: nothing in them means anything to a regular expression.
  const pattern = new RegExp(words.join('[^\\p{L}\\p{N}]+'), 'u');
  for (const { id, text } of chunks) {
    const match = pattern.exec(text);
    if (match) return { chunkId: id, start: match.index, end: match.index + match[0].length };
  }
  return null;
}
