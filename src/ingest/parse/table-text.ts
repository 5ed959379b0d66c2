/**
 * How a table stands in a document's text, whatever format it came from: one row per line, cells between pipes, a rule
 * below the first row (GitHub's Markdown tables). Pipes within cells are escaped, line breaks become blanks.
 */
export function tableText(rows: string[][]): string {
  const filled = rows.filter((row) => row.some((cell) => cell.trim() !== ''));
  const width = filled.reduce((widest, row) => Math.max(widest, row.length), 0);
  if (width === 0) return '';
  const lines = filled.map((row) => rowText(row, width));
  if (lines.length > 1) lines.splice(1, 0, `|${' --- |'.repeat(width)}`);
  return lines.join('\n');
}

function rowText(row: string[], width: number): string {
  const cells = Array.from({ length: width }, (_, i) =>
    (row[i] ?? '').replace(/\s+/g, ' ').trim().replaceAll('|', '\\|'),
  );
  return `| ${cells.join(' | ')} |`;
}

/** True for the rule below the header: it holds no words. */
export function isTableRule(line: string): boolean {
  return /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(line) && line.includes('-');
}
