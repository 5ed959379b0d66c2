import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { passageText } from '../retrieval/passage-text.ts';
import type { ChunkRow } from '../storage/schema.ts';

/** Above this size a file is hashed piece by piece instead of being held in memory. */
const wholeFileBytes = 32_000_000;

/** SHA-256 of a file, hex. */
export async function hashFile(blob: Blob, signal?: AbortSignal): Promise<string> {
  if (blob.size <= wholeFileBytes) {
    // The browser's own implementation is ten times faster but takes whole buffers only.
    return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())));
  }
  const hash = sha256.create();
  for (let start = 0; start < blob.size; start += wholeFileBytes) {
    signal?.throwIfAborted();
    hash.update(new Uint8Array(await blob.slice(start, start + wholeFileBytes).arrayBuffer()));
  }
  return bytesToHex(hash.digest());
}

/**
 * Id of the document at a path: derived, not drawn, so that a document that is read again, after a crash or after it
 * was removed and added anew, is the same one.
 */
export function documentIdOf(workspaceId: string, path: string): string {
  return textHash(`${workspaceId}\0${path}`).slice(0, 32);
}

/** SHA-256 over what is embedded of a chunk. */
export function chunkHash(chunk: Pick<ChunkRow, 'headings' | 'text'>): string {
  return textHash(passageText(chunk));
}

/** Id of the chunk with this content in this document; `repeat` counts equal chunks of one document from 0. */
export function chunkIdOf(documentId: string, hash: string, repeat: number): string {
  return `${documentId}-${hash.slice(0, 16)}-${repeat}`;
}

function textHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
