import type { ChunkRow, DocumentRow } from '../storage/schema.ts';
import { chunkDocument } from './chunk/chunker.ts';
import type { CountTokens } from './chunk/units.ts';
import type { ReadResult } from './document-store.ts';
import { chunkHash, chunkIdOf } from './hashing.ts';
import { documentLanguage } from './language.ts';
import { parseDocument } from './parse/index.ts';
import type { ChunkSettings } from './settings.ts';
import { Breather } from './breather.ts';

/** Parsing takes about this share of the time, chunking (token counts) the rest. */
const parsingShare = 0.4;

export interface ReadOptions {
  settings: ChunkSettings;
  count: CountTokens;
  signal: AbortSignal;
  onShare: (share: number) => void;
}

/**
 * File to rows: parse, detect the language, chunk, hash.
 *
 * @throws AttuneError with a `document/…` code; DOMException AbortError.
 */
export async function readDocument(row: DocumentRow, blob: Blob, options: ReadOptions): Promise<ReadResult> {
  const { settings, count, signal, onShare } = options;
  const parsed = await parseDocument(blob, row.format, {
    name: row.name,
    signal,
    onShare: (share) => onShare(share * parsingShare),
  });
  const language = await documentLanguage(parsed.text);
  const chunks: ChunkRow[] = [];
  const repeats = new Map<string, number>();
  const breather = new Breather(signal);
  for (const chunk of chunkDocument(parsed, { settings, count })) {
    const hash = chunkHash(chunk);
    const repeat = repeats.get(hash) ?? 0;
    repeats.set(hash, repeat + 1);
    const id = chunkIdOf(row.id, hash, repeat);
    chunks.push({ ...chunk, id, workspaceId: row.workspaceId, documentId: row.id, ordinal: chunks.length, hash });
    onShare(parsingShare + (1 - parsingShare) * (chunk.end / parsed.text.length));
    await breather.breathe();
  }
  const { text, blocks, title, pageCount, pageStarts } = parsed;
  return {
    text: { documentId: row.id, workspaceId: row.workspaceId, text, blocks, ...(pageStarts && { pageStarts }) },
    chunks,
    title,
    language,
    pageCount,
  };
}
