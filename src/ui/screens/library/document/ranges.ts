/** Offsets into a document's text; `end` is exclusive. */
export interface Range {
  start: number;
  end: number;
}

/** How a run of text is shown, beyond its block. */
export interface TextStyle {
  strong?: true;
  em?: true;
  code?: true;
  /** Target of a link; only http, https and mailto get here. */
  href?: string;
}

/** A visible stretch of the source text; what lies between runs is markup and not shown. */
export interface Run extends Range, TextStyle {}

/** A chunk's outline: enough to draw its boundary. */
export interface ChunkOutline extends Range {
  id: string;
  ordinal: number;
  tokens: number;
  nearDuplicate: boolean;
}

/** A run cut so that nothing changes within it: one element on the screen. */
export interface Piece extends TextStyle {
  start: number;
  text: string;
  highlighted: boolean;
  /** Belongs to two chunks: the overlap. */
  shared: boolean;
  /** The chunk that begins with this piece. */
  opens?: ChunkOutline;
}

/** What lies over the text of a section. */
export interface Overlay {
  highlight?: Range;
  /** In the order of their start. */
  chunks: readonly ChunkOutline[];
  /** Chunks by the offset of the visible character that they begin with. */
  openings: ReadonlyMap<number, ChunkOutline>;
}

export const noOverlay: Overlay = { chunks: [], openings: new Map() };

/**
 * Puts chunks over a section. A chunk may begin within hidden markup ("**", "## "): it opens with the first visible
 * character from there on.
 *
 * @param section the part of the text that the runs show; chunks that began before it do not open again.
 * @param runs all visible runs of the section, in the order of the text.
 * @param chunks all chunks of the document, in the order of their start.
 */
export function overlayOf(
  section: Range,
  runs: readonly Run[],
  chunks: readonly ChunkOutline[],
  highlight: Range | undefined,
): Overlay {
  const inside = chunks.filter((chunk) => overlaps(chunk, section));
  const openings = new Map<number, ChunkOutline>();
  let i = 0;
  for (const chunk of inside) {
    if (chunk.start < section.start) continue;
    while (i < runs.length && runs[i]!.end <= chunk.start) i++;
    const run = runs[i];
    if (run) openings.set(Math.max(run.start, chunk.start), chunk);
  }
  return { chunks: inside, openings, ...(highlight && overlaps(highlight, section) ? { highlight } : {}) };
}

/**
 * Cuts runs at every boundary of the overlay.
 *
 * @param runs in the order of the text, not overlapping.
 * @returns pieces in the order of the text; their texts, joined, are the visible text.
 */
export function piecesOf(text: string, runs: readonly Run[], overlay: Overlay): Piece[] {
  const { chunks, openings, highlight } = overlay;
  const cuts = new Set<number>(openings.keys());
  for (const chunk of chunks) cuts.add(chunk.start).add(chunk.end);
  if (highlight) cuts.add(highlight.start).add(highlight.end);
  const sorted = [...cuts].sort((a, b) => a - b);

  const pieces: Piece[] = [];
  for (const { start, end, ...style } of runs) {
    const points = [start, ...sorted.filter((cut) => cut > start && cut < end), end];
    for (let i = 0; i + 1 < points.length; i++) {
      const from = points[i]!;
      const to = points[i + 1]!;
      if (from === to) continue;
      const covering = chunks.reduce((n, chunk) => n + (chunk.start <= from && chunk.end >= to ? 1 : 0), 0);
      pieces.push({
        ...style,
        start: from,
        text: text.slice(from, to),
        highlighted: highlight !== undefined && from >= highlight.start && to <= highlight.end,
        shared: covering > 1,
        opens: openings.get(from),
      });
    }
  }
  return pieces;
}

/** True when the two ranges have a character in common. */
export function overlaps(a: Range, b: Range): boolean {
  return a.start < b.end && b.start < a.end;
}
