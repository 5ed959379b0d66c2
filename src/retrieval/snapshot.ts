import { writeAll, type RandomAccessFile } from './files/random-access.ts';
import type { LexicalState } from './lexical/lexical-index.ts';

/** A document with its passages, without numbers: these follow from the order. */
export interface SnapshotDocument {
  id: string;
  name: string;
  path: string;
  folder: string;
  language?: string;
  version: number;
  ids: string[];
  hashes: string[];
}

/** The word index of a workspace as it is kept between visits. */
export interface Snapshot {
  documents: SnapshotDocument[];
  words: LexicalState;
}

interface Header {
  documents: SnapshotDocument[];
  languages: string[];
  terms: string[];
  passages: number;
  postings: number;
}

/** "ATW" and the version of format and analysis; a file that starts otherwise is rebuilt, never migrated. */
const MAGIC = 0x41545701;
const PREFIX_BYTES = 8;

/**
 * Writes magic and header length last, after the rest is on disk: a torn file is recognised and rebuilt.
 *
 *     0 magic u32 | 4 header bytes u32 | header JSON, padded to 4 | lengths u32[passages] | offsets u32[terms + 1]
 *     | postings u32[postings] | languages u8[passages]
 */
export function writeSnapshot(file: RandomAccessFile, { documents, words }: Snapshot): void {
  const { languages, terms, lengths, postings, offsets, passageLanguages } = words;
  const header: Header = { documents, languages, terms, passages: lengths.length, postings: postings.length };
  const json = new TextEncoder().encode(JSON.stringify(header));
  file.truncate(0);
  writeAll(file, new Uint8Array(PREFIX_BYTES), 0);
  writeAll(file, json, PREFIX_BYTES);
  let at = aligned(PREFIX_BYTES + json.byteLength);
  for (const part of [lengths, offsets, postings, passageLanguages]) {
    writeAll(file, new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  file.flush();
  writeAll(file, new Uint8Array(Uint32Array.of(MAGIC, json.byteLength).buffer), 0);
  file.flush();
}

/** @returns undefined when there is no usable snapshot. */
export function readSnapshot(file: RandomAccessFile): Snapshot | undefined {
  const prefix = new Uint32Array(PREFIX_BYTES / 4);
  file.read(new Uint8Array(prefix.buffer), { at: 0 });
  const [magic, headerBytes] = prefix;
  if (magic !== MAGIC) return undefined;
  const json = new Uint8Array(headerBytes!);
  file.read(json, { at: PREFIX_BYTES });
  const header = JSON.parse(new TextDecoder().decode(json)) as Header;
  const lengths = new Uint32Array(header.passages);
  const offsets = new Uint32Array(header.terms.length + 1);
  const postings = new Uint32Array(header.postings);
  const passageLanguages = new Uint8Array(header.passages);
  let at = aligned(PREFIX_BYTES + headerBytes!);
  for (const part of [lengths, offsets, postings, passageLanguages]) {
    file.read(new Uint8Array(part.buffer), { at });
    at += part.byteLength;
  }
  const { documents, languages, terms } = header;
  return { documents, words: { languages, terms, lengths, offsets, postings, passageLanguages } };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
