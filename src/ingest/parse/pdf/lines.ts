/** A run of text on one baseline. Coordinates in points from the page's top left corner, `y` is the baseline. */
export interface Segment {
  text: string;
  x: number;
  right: number;
  y: number;
  /** Font size in points. */
  size: number;
  mono: boolean;
}

/** A line as it is read: the segments of one row of a column. */
export interface Line extends Segment {
  /** Texts that stand apart in the row: more than one in tables. */
  cells: string[];
  page: number;
}

/** What pdf.js gives for a piece of text, already turned into page coordinates. */
export interface Glyphs {
  text: string;
  x: number;
  y: number;
  width: number;
  size: number;
  mono: boolean;
}

/** A gap this wide (in font sizes) separates columns or cells; pdf.js writes smaller ones as blanks. */
const cellGap = 1.2;

/** Joins the pieces of a page, which may be single words or letters, into segments. */
export function toSegments(pieces: Glyphs[]): Segment[] {
  const segments: Segment[] = [];
  let open: Segment | undefined;
  for (const piece of pieces) {
    if (piece.text.trim() === '') {
      if (open && piece.text !== '' && isNext(open, piece)) open.text += ' ';
      continue;
    }
    if (open && isNext(open, piece)) {
      const gap = piece.x - open.right;
      const blank = gap > 0.18 * piece.size && !/\s$/.test(open.text) && !/^\s/.test(piece.text) ? ' ' : '';
      open.text += blank + piece.text;
      open.right = Math.max(open.right, piece.x + piece.width);
      // A footnote mark must not make its line a small one.
      if (piece.size > open.size) open.size = piece.size;
      open.mono &&= piece.mono;
    } else {
      const { text, x, y, size, mono } = piece;
      open = { text, x, right: x + piece.width, y, size, mono };
      segments.push(open);
    }
  }
  return segments
    .map((segment) => ({ ...segment, text: segment.text.replace(/\s+/g, ' ').trim() }))
    .filter((segment) => segment.text !== '');
}

function isNext(open: Segment, piece: Glyphs): boolean {
  const size = Math.max(open.size, piece.size || open.size);
  const gap = piece.x - open.right;
  return Math.abs(piece.y - open.y) < 0.45 * size && gap < cellGap * size && gap > -0.6 * size;
}

/** Segments of one column to lines: rows by baseline from the top, cells from the left. */
export function toLines(segments: Segment[], page: number): Line[] {
  const sorted = [...segments].sort((a, b) => a.y - b.y || a.x - b.x);
  const rows: Segment[][] = [];
  for (const segment of sorted) {
    const row = rows.at(-1);
    if (row && Math.abs(row[0]!.y - segment.y) < 0.45 * Math.max(row[0]!.size, segment.size)) row.push(segment);
    else rows.push([segment]);
  }
  return rows.map((row) =>
    toLine(
      row.sort((a, b) => a.x - b.x),
      page,
    ),
  );
}

function toLine(row: Segment[], page: number): Line {
  const cells = row.map((segment) => segment.text);
  return {
    cells,
    page,
    text: cells.join(' '),
    x: row[0]!.x,
    right: Math.max(...row.map((segment) => segment.right)),
    y: row[0]!.y,
    size: Math.max(...row.map((segment) => segment.size)),
    mono: row.every((segment) => segment.mono),
  };
}
