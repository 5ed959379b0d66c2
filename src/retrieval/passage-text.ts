import type { ChunkRow } from '../storage/schema.ts';

/** What is embedded and indexed of a chunk: its headings say what the text alone often does not. */
export function passageText({ headings, text }: Pick<ChunkRow, 'headings' | 'text'>): string {
  return headings.length > 0 ? `${headings.join(' > ')}\n${text}` : text;
}
