/** A run of words that both texts have, or only the older or the newer one. */
export interface DiffPiece {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** Words beyond which two texts are compared as a whole: the table of lengths grows with their product. */
const MOST_WORDS = 1500;

/**
 * Word-level difference by the longest common subsequence. Joining what is not added gives `before`, joining what is
 * not removed gives `after`.
 */
export function wordDiff(before: string, after: string): DiffPiece[] {
  const a = wordsOf(before);
  const b = wordsOf(after);
  if (before === after) return before === '' ? [] : [{ kind: 'same', text: before }];
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return join([...mark('removed', a), ...mark('added', b)]);

  // longest[i][j]: length of the longest common subsequence of a from i and b from j, row-major.
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const pieces: DiffPiece[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      pieces.push({ kind: 'same', text: a[i]! });
      i++;
      j++;
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) {
      pieces.push({ kind: 'removed', text: a[i++]! });
    } else {
      pieces.push({ kind: 'added', text: b[j++]! });
    }
  }
  return join([...pieces, ...mark('removed', a.slice(i)), ...mark('added', b.slice(j))]);
}

/** Words and what stands between them, so that joining loses nothing. */
function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+|\s+|[^\p{L}\p{N}\s]/gu) ?? [];
}

const mark = (kind: DiffPiece['kind'], words: readonly string[]): DiffPiece[] => words.map((text) => ({ kind, text }));

function join(pieces: readonly DiffPiece[]): DiffPiece[] {
  const joined: DiffPiece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last?.kind === piece.kind) last.text += piece.text;
    else joined.push({ ...piece });
  }
  return joined;
}
