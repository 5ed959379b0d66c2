import type { Segment } from './lines.ts';

/** A column of prose has at least this many rows, and this many letters in them on average; cells of tables have fewer. */
const leastRows = 4;
const leastLetters = 18;

/**
 * Splits a page into columns in reading order. A gutter is a strip that few segments cross; those that do (titles, wide
 * pictures' captions) cut the page into bands, and within each band the left column comes before the right one.
 *
 * @returns groups of segments; each is one column of one band.
 */
export function readingOrder(segments: Segment[]): Segment[][] {
  const gutter = findGutter(segments);
  if (gutter === undefined) return segments.length > 0 ? [segments] : [];
  const spanning = segments.filter((s) => s.x < gutter && s.right > gutter).sort((a, b) => a.y - b.y);
  const groups: Segment[][] = [];
  let top = -Infinity;
  for (const edge of [...spanning, undefined]) {
    const bottom = edge ? edge.y : Infinity;
    const band = segments.filter((s) => s.y >= top && s.y < bottom && !spanning.includes(s));
    groups.push(...readingOrder(band.filter((s) => s.right <= gutter)));
    groups.push(...readingOrder(band.filter((s) => s.x >= gutter)));
    if (edge) groups.push([edge]);
    top = bottom;
  }
  return joinSpanning(groups, new Set(spanning));
}

/** Spanning lines that follow one another are one group again, so that they form paragraphs. */
function joinSpanning(groups: Segment[][], spanning: Set<Segment>): Segment[][] {
  const joined: Segment[][] = [];
  for (const group of groups) {
    const last = joined.at(-1);
    if (last && spanning.has(last[0]!) && spanning.has(group[0]!)) last.push(...group);
    else joined.push([...group]);
  }
  return joined;
}

function findGutter(segments: Segment[]): number | undefined {
  if (segments.length < 2 * leastRows) return undefined;
  const left = Math.min(...segments.map((s) => s.x));
  const right = Math.max(...segments.map((s) => s.right));
  const width = Math.ceil(right - left);
  if (width < 100) return undefined;
  const crossing = new Uint16Array(width + 1);
  for (const s of segments) {
    for (let x = Math.floor(s.x - left); x < Math.min(width, Math.ceil(s.right - left)); x++) crossing[x]!++;
  }
  const strips = lowStrips(crossing, Math.floor(width * 0.15), Math.ceil(width * 0.85));
  for (const strip of strips.sort((a, b) => a.crossing - b.crossing || b.width - a.width)) {
    const gutter = left + strip.from + strip.width / 2;
    if (strip.crossing <= segments.length * 0.2 && isProse(segments, gutter)) return gutter;
  }
  return undefined;
}

/** Strips of equal, locally lowest crossing count, at least 6 points wide. */
function lowStrips(
  crossing: Uint16Array,
  from: number,
  to: number,
): { from: number; width: number; crossing: number }[] {
  const strips: { from: number; width: number; crossing: number }[] = [];
  let start = from;
  for (let x = from + 1; x <= to; x++) {
    if (x < to && crossing[x] === crossing[start]) continue;
    const width = x - start;
    if (width >= 6) strips.push({ from: start, width, crossing: crossing[start]! });
    start = x;
  }
  return strips;
}

function isProse(segments: Segment[], gutter: number): boolean {
  const sides = [segments.filter((s) => s.right <= gutter), segments.filter((s) => s.x >= gutter)];
  return sides.every((side) => {
    const letters = side.reduce((sum, s) => sum + s.text.length, 0);
    return side.length >= leastRows && letters / side.length >= leastLetters;
  });
}
