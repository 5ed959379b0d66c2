import type { Line } from './lines.ts';

/** Lines at the edge that may be running heads or page numbers: so many from the top and from the bottom. */
const edgeLines = 3;
const leastPages = 3;

/** "12", "- 12 -", "Page 12 of 90", "12/90". */
const pageNumber = /^\W*(?:(?:page|seite|p\.?|s\.?)\s*)?(\d{1,4})(?:\s*(?:of|von|de|sur|\/)\s*\d{1,4})?\W*$/i;

/**
 * Drops headers, footers and page numbers, which are lines at the top or bottom of pages that
 * - come back with the same words at the same height on at least three pages, or
 * - are nothing but a number that runs along with the pages, or
 * - are outermost and carry such a number ("Chapter 2: Structure 14"), where each chapter has a head of its own.
 *
 * @param pages lines of each page, in any order within the page.
 */
export function dropPageFurniture(pages: Line[][]): Line[][] {
  if (pages.length < leastPages) return pages;
  const edges = pages.map(edgesOf);
  const furniture = new Set([...repeatedLines(edges), ...numberedLines(edges)]);
  return pages.map((lines) => lines.filter((line) => !furniture.has(line)));
}

/** The outermost lines of a page; a page of few lines (a chapter's title) is all edge, and half of it may go at most. */
function edgesOf(lines: Line[]): Line[] {
  const byHeight = [...lines].sort((a, b) => a.y - b.y);
  const count = Math.min(edgeLines, Math.floor(byHeight.length / 2));
  if (count === 0) return byHeight.filter((line) => pageNumber.test(line.text));
  return [...byHeight.slice(0, count), ...byHeight.slice(-count)];
}

function repeatedLines(edges: Line[][]): Line[] {
  const pagesByKey = new Map<string, Set<number>>();
  for (const line of edges.flat()) {
    for (const key of keysOf(line)) pagesByKey.set(key, (pagesByKey.get(key) ?? new Set()).add(line.page));
  }
  return edges.flat().filter((line) => keysOf(line).some((key) => pagesByKey.get(key)!.size >= leastPages));
}

/** Height in steps of 4 points, with a neighbour, so that a line on the border of two steps still meets its like. */
function keysOf(line: Line): string[] {
  const step = Math.round(line.y / 4);
  return [step, step + 1].map((height) => `${height}:${line.text.toLowerCase()}`);
}

/** Lines with a number that is the page's own, from whatever number the first page has. */
function numberedLines(edges: Line[][]): Line[] {
  const byOffset = new Map<number, Line[]>();
  for (const lines of edges) {
    const byHeight = [...lines].sort((a, b) => a.y - b.y);
    const outermost = [byHeight[0], byHeight.at(-1)];
    for (const line of lines) {
      const alone = pageNumber.exec(line.text)?.[1];
      const beside = outermost.includes(line) ? /^\d{1,4}(?=\s)|(?<=\s)\d{1,4}$/.exec(line.text)?.[0] : undefined;
      const number = alone ?? beside;
      if (number === undefined || line.text.length > 120) continue;
      const offset = Number(number) - line.page;
      byOffset.set(offset, [...(byOffset.get(offset) ?? []), line]);
    }
  }
  const runs = [...byOffset.values()].filter((lines) => new Set(lines.map((line) => line.page)).size >= leastPages);
  return runs.flat();
}
