import type { ChunkRow } from '../storage/schema.ts';

/** A passage in the order of relevance. */
export interface RankedChunk {
  chunk: ChunkRow;
}

/** Passages of one document that are shown as one hit. */
export interface Group<Entry extends RankedChunk> {
  /** The one that ranks best. */
  best: Entry;
  /** All of them, in the document's order. */
  chunks: ChunkRow[];
}

/** Leaves of passages that say (nearly) the same only the first. */
export function withoutNearDuplicates<Entry extends RankedChunk>(ranked: readonly Entry[]): Entry[] {
  const seen = new Set<string>();
  return ranked.filter(({ chunk }) => {
    const original = chunk.nearDuplicateOf ?? chunk.id;
    const known = seen.has(original) || seen.has(chunk.hash);
    seen.add(original).add(chunk.hash);
    return !known;
  });
}

/**
 * The first `limit` hits. Where `mergeLimit` is above 1, a passage next to one of an earlier hit joins that hit instead
 * of being its own, as long as no hit grows beyond `mergeLimit` passages. What ranks below the first passage without a
 * place is not looked at.
 */
export function groupHits<Entry extends RankedChunk>(
  ranked: readonly Entry[],
  limit: number,
  mergeLimit: number,
): Group<Entry>[] {
  const groups: Group<Entry>[] = [];
  for (const entry of ranked) {
    const neighbours = groups.filter((group) => isNextTo(group.chunks, entry.chunk));
    const size = neighbours.reduce((sum, group) => sum + group.chunks.length, 1);
    if (neighbours.length > 0 && size <= mergeLimit) {
      // A passage between two hits joins both into the better one, which comes first.
      const [into, ...others] = neighbours;
      into!.chunks.push(entry.chunk, ...others.flatMap((group) => group.chunks));
      into!.chunks.sort((a, b) => a.ordinal - b.ordinal);
      for (const other of others) groups.splice(groups.indexOf(other), 1);
    } else if (groups.length < limit) {
      groups.push({ best: entry, chunks: [entry.chunk] });
    } else {
      break;
    }
  }
  return groups;
}

/**
 * Text from the start of the first chunk to the end of the last: what chunks share is given once. Between chunks the
 * chunker leaves out nothing but white space, which comes back as line breaks of the same length, so that offsets hold.
 *
 * @param chunks of one document, in its order.
 */
export function joinedText(chunks: readonly ChunkRow[]): { start: number; end: number; text: string } {
  const [first, ...rest] = chunks;
  const { start } = first!;
  let { end, text } = first!;
  for (const chunk of rest) {
    if (chunk.end <= end) continue;
    text += '\n'.repeat(Math.max(0, chunk.start - end)) + chunk.text.slice(Math.max(0, end - chunk.start));
    end = chunk.end;
  }
  return { start, end, text };
}

function isNextTo(chunks: readonly ChunkRow[], { documentId, ordinal }: ChunkRow): boolean {
  return (
    chunks[0]!.documentId === documentId &&
    (ordinal === chunks[0]!.ordinal - 1 || ordinal === chunks.at(-1)!.ordinal + 1)
  );
}
