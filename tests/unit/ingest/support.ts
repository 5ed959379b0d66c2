import { zipSync, strToU8, type Zippable } from 'fflate';
import { parseDocument } from '../../../src/ingest/parse/index.ts';
import { identify } from '../../../src/ingest/formats.ts';
import type { ParsedDocument } from '../../../src/ingest/parse/parsed-document.ts';

export type Content = string | Uint8Array;

export const blobOf = (content: Content): Blob => new Blob([content as Uint8Array<ArrayBuffer>]);

export function zip(files: Record<string, Content>): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const [path, content] of Object.entries(files))
    entries[path] = typeof content === 'string' ? strToU8(content) : content;
  return zipSync(entries) as Uint8Array<ArrayBuffer>;
}

/** Goes the way of the service: format by content, then the parser; and checks what every parser has to keep. */
export async function parse(path: string, content: Content): Promise<ParsedDocument> {
  const blob = blobOf(content);
  const kind = await identify(path, blob);
  if (kind.kind !== 'document') throw new Error(`${path} is an archive`);
  const parsed = await parseDocument(blob, kind.format, { name: path });
  let position = 0;
  for (const { start, end } of parsed.blocks) {
    if (parsed.text.slice(position, start).trim() !== '') throw new Error(`text before ${start} lies in no block`);
    if (start < position || end <= start) throw new Error(`block ${start}-${end} overlaps or is empty`);
    position = end;
  }
  if (parsed.text.slice(position).trim() !== '') throw new Error('text at the end lies in no block');
  return parsed;
}

/** Blocks as "kind: text", levels as in h1. */
export function outline({ text, blocks }: ParsedDocument): string[] {
  return blocks.map(
    ({ kind, level, start, end }) => `${kind === 'heading' ? `h${level}` : kind}: ${text.slice(start, end)}`,
  );
}
