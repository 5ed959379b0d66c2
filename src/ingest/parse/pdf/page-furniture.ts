import type { Line } from './lines.ts';

/** Lines at the edge that may be running heads or page numbers: so many from the top and from the bottom. */
const edgeLines = 3;
const leastPages = 3;

/**
 * Drops headers, footers and page numbers: lines at the top or bottom of a page that come back on at least three pages
 * at the same height with the same words, digits aside.
 *
 * @param pages lines of each page, in any order within the page.
 */
export function dropPageFurniture(pages: Line[][]): Line[][] {
  if (pages.length < leastPages) return pages;
  const seen = new Map<string, number>();
  const candidates = pages.map((lines) => new Map(edgesOf(lines).map((line) => [line, keysOf(line)])));
  for (const page of candidates) {
    for (const key of new Set([...page.values()].flat())) seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return pages.map((lines, index) =>
    lines.filter((line) => !candidates[index]!.get(line)?.some((key) => seen.get(key)! >= leastPages)),
  );
}

function edgesOf(lines: Line[]): Line[] {
  const byHeight = [...lines].sort((a, b) => a.y - b.y);
  // A page of few lines (a chapter's title) is all edge: half of it is the most that may go.
  const count = Math.min(edgeLines, Math.floor(byHeight.length / 2));
  return count === 0
    ? byHeight.filter((line) => /^\W*\d+\W*$/.test(line.text))
    : [...byHeight.slice(0, count), ...byHeight.slice(-count)];
}

/** Height in steps of 4 points, both neighbours, so that a line on the border of two steps still meets its like. */
function keysOf(line: Line): string[] {
  const words = line.text.replace(/\d+|\b[ivxlc]+\b/gi, '#').toLowerCase();
  const step = Math.round(line.y / 4);
  return [step, step + 1].map((height) => `${height}:${words}`);
}
