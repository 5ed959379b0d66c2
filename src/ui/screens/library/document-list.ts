import type { DocumentRow, DocumentStatus } from '../../../storage/schema.ts';

export type SortKey = 'name' | 'state' | 'size' | 'added';

/** What of the library is shown, and in which order. */
export interface ListView {
  /** Words that name or path must contain. */
  text: string;
  /** Only documents in or below this folder; null: all. '' is the top itself without its folders. */
  folder: string | null;
  status: DocumentStatus | 'any';
  sort: SortKey;
  descending: boolean;
}

export const initialView: ListView = { text: '', folder: null, status: 'any', sort: 'added', descending: true };

/** Documents that need the eye stand first: what failed, then what is under way. */
const stateOrder: Record<DocumentStatus, number> = { failed: 0, reading: 1, waiting: 2, ready: 3 };

/**
 * Filters and sorts. Runs on every keystroke over the whole library, so text comparisons use prepared keys: a collator
 * takes about ten times as long for 10,000 names.
 */
export function visibleDocuments(rows: readonly DocumentRow[], view: ListView): DocumentRow[] {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const below = view.folder ? `${view.folder}/` : '';
  const shown = rows.filter((row) => {
    if (view.status !== 'any' && row.status !== view.status) return false;
    if (view.folder === '' && row.folder !== '') return false;
    if (view.folder && row.folder !== view.folder && !row.folder.startsWith(below)) return false;
    if (words.length === 0) return true;
    const haystack = `${row.path} ${row.title ?? ''}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
  const compare = comparators[view.sort];
  const sign = view.descending ? -1 : 1;
  // Equal rows keep the order of their names in both directions.
  return shown.sort((a, b) => sign * compare(a, b) || byText(a.path, b.path));
}

const comparators: Record<SortKey, (a: DocumentRow, b: DocumentRow) => number> = {
  name: (a, b) => byText(a.name, b.name),
  state: (a, b) => stateOrder[a.status] - stateOrder[b.status] || b.chunkCount - a.chunkCount,
  size: (a, b) => a.bytes - b.bytes,
  added: (a, b) => a.addedAt - b.addedAt,
};

const keys = new Map<string, string>();

/** Order in which people expect names: case and accents ignored, "Page 9" before "Page 10". */
function byText(a: string, b: string): number {
  const keyA = sortKey(a);
  const keyB = sortKey(b);
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}

function sortKey(text: string): string {
  let key = keys.get(text);
  if (key === undefined) {
    // A bound, so that many workspaces opened in one session do not pile up.
    if (keys.size > 100_000) keys.clear();
    key = text
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/\d+/g, (digits) => digits.padStart(12, '0'));
    keys.set(text, key);
  }
  return key;
}

/** A folder of the library with the number of documents in and below it. */
export interface FolderEntry {
  path: string;
  name: string;
  depth: number;
  count: number;
}

/** All folders, parents before their children, by name. */
export function foldersOf(rows: readonly DocumentRow[]): FolderEntry[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    if (!row.folder) continue;
    const parts = row.folder.split('/');
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join('/');
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
  }
  return [...counts]
    .map(([path, count]) => ({ path, count, name: path.split('/').at(-1)!, depth: path.split('/').length - 1 }))
    .sort((a, b) => {
      // Part by part: "a b" must not come between "a" and "a/b".
      const left = a.path.split('/');
      const right = b.path.split('/');
      for (let i = 0; i < Math.min(left.length, right.length); i++) {
        const order = byText(left[i]!, right[i]!);
        if (order !== 0) return order;
      }
      return left.length - right.length;
    });
}
