import { seededRandom, shuffled } from '../../engine/training/random.ts';
import type { ChunkRow } from '../../storage/schema.ts';
import { readable } from './readable.ts';

/** Keeps these draws apart from those of the writers. */
const STREAM = 0x70617373;
const CONTENTS = /^(?:table of )?contents$|^inhalt(?:sverzeichnis)?$|^index$|^references$|^changelog$/i;
const LEADER = /(?:\.{4,}|(?:\. ){3,}|…)\s*\d+\s*$/;
/** Least words of a line that says something. */
const SENTENCE_WORDS = 6;

/** Of a chunk, what decides whether it is worth a question. */
export type Candidate = Pick<ChunkRow, 'id' | 'documentId' | 'headings' | 'text' | 'nearDuplicateOf'>;

/**
 * Whether somebody could ask about a passage: it is long enough, says something in sentences or table rows, and is
 * neither a table of contents, nor a list of links, nor nearly the same as an earlier passage.
 */
export function worthReading({ text, headings, nearDuplicateOf }: Candidate, shortest: number): boolean {
  if (nearDuplicateOf !== undefined) return false;
  if (CONTENTS.test(headings.at(-1)?.trim() ?? '')) return false;
  const plain = readable(text).text;
  const letters = plain.match(/\p{L}/gu)?.length ?? 0;
  const visible = plain.replace(/\s/g, '').length;
  if (plain.replace(/\s+/g, ' ').trim().length < shortest || letters < 0.55 * visible) return false;
  const lines = plain.split('\n').filter((line) => /\p{L}/u.test(line));
  if (lines.filter((line) => LEADER.test(line)).length > lines.length / 2) return false;
  // Scripts without blanks have no words to count: their length stands for them.
  const words = (line: string) => Math.max(line.match(/[\p{L}\p{N}]+/gu)?.length ?? 0, line.length / 12);
  const spoken = lines.reduce((sum, line) => sum + (words(line) >= SENTENCE_WORDS ? words(line) : 0), 0);
  return spoken >= Math.max(12, 0.4 * lines.reduce((sum, line) => sum + words(line), 0));
}

/**
 * The passages to read, in the order of reading: documents take turns, each in an order of its own, so that a run that
 * is stopped early, or has a limit, has seen all documents alike. A function of the passages and the seed alone.
 *
 * @param limit 0: all
 */
export function choosePassages<T extends Candidate>(chunks: readonly T[], seed: number, limit: number): T[] {
  const byDocument = new Map<string, T[]>();
  for (const chunk of chunks) {
    const group = byDocument.get(chunk.documentId);
    if (group) group.push(chunk);
    else byDocument.set(chunk.documentId, [chunk]);
  }
  const random = seededRandom(seed, 0, STREAM);
  const queues = shuffled([...byDocument.values()], random).map((group) => shuffled(group, random));
  const total = limit > 0 ? Math.min(limit, chunks.length) : chunks.length;
  const chosen: T[] = [];
  // A long document has more to ask about: turns go by the share of a document that was read.
  const read = queues.map(() => 0);
  while (chosen.length < total) {
    let next = 0;
    for (let q = 1; q < queues.length; q++)
      if ((read[q]! + 0.5) / queues[q]!.length < (read[next]! + 0.5) / queues[next]!.length) next = q;
    chosen.push(queues[next]![read[next]!++]!);
  }
  return chosen;
}
