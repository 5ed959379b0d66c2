/** A run of words that both texts have, or that only one of them has. */
export interface DiffPart {
  kind: 'same' | 'missing' | 'added';
  text: string;
}

/** Tables of longer texts would take megabytes for a picture that nobody reads. */
const MOST_WORDS = 600;

/**
 * What an answer says beside its reference, word by word: the longest common subsequence (Myers 1986 finds the same one
 * faster; answers are short). `missing` words stand in the reference alone, `added` ones in the answer alone. Case and
 * punctuation around a word do not count.
 */
export function wordDiff(reference: string, answer: string): DiffPart[] {
  const left = words(reference).slice(0, MOST_WORDS);
  const right = words(answer).slice(0, MOST_WORDS);
  const [a, b] = [left.map(plain), right.map(plain)];
  // length[i][j]: of the longest common subsequence of a[i…] and b[j…].
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i]![j] = a[i] === b[j] ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!);
    }
  }
  const parts: DiffPart[] = [];
  const add = (kind: DiffPart['kind'], text: string) => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.text += ` ${text}`;
    else parts.push({ kind, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add('same', right[j]!);
      i++;
      j++;
    } else if (j === b.length || (i < a.length && length[i + 1]![j]! >= length[i]![j + 1]!)) add('missing', left[i++]!);
    else add('added', right[j++]!);
  }
  return parts;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** "Paris." and "paris" are one word; a lone mark stays what it is. */
function plain(word: string): string {
  const bare = word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  return bare === '' ? word : bare;
}
