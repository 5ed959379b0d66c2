import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { DatasetSplit, ExampleRow } from '../storage/schema.ts';
import type { SplitValues } from './settings.ts';

export type SplitBy = SplitValues['by'];

/** Rows of a group by their kind. */
export type KindCounts = ReadonlyMap<string, number>;

type Placed = Pick<ExampleRow, 'documentKey' | 'headings' | 'passage'>;

/** What may not lie in two parts together with a row. */
export function groupOf(row: Placed, by: SplitBy): string {
  if (by === 'passage' || row.documentKey === '') return passageKey(row);
  return by === 'subject' ? subjectOf(row) : row.documentKey;
}

/** A folder; the first heading where there are no folders; else the document. */
function subjectOf({ documentKey, headings }: Placed): string {
  const folder = documentKey.slice(0, Math.max(0, documentKey.lastIndexOf('/')));
  return folder || headings[0] || documentKey;
}

export function passageKey({ passage, headings }: Pick<ExampleRow, 'passage' | 'headings'>): string {
  return textHash([...headings, passage].join('\n')).slice(0, 16);
}

/** Rows of each group by kind; all of one kind where kinds do not matter. */
export function countGroups(
  rows: readonly (Placed & Pick<ExampleRow, 'kind'>)[],
  { by, stratify }: Pick<SplitValues, 'by' | 'stratify'>,
): Map<string, Map<string, number>> {
  const groups = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const key = groupOf(row, by);
    const kinds = groups.get(key) ?? new Map<string, number>();
    const kind = stratify ? (row.kind ?? '') : '';
    groups.set(key, kinds.set(kind, (kinds.get(kind) ?? 0) + 1));
  }
  return groups;
}

/**
 * Deals groups out to the parts by their shares; no group lies in two parts. The order of rows does not matter, and
 * neither validation nor test is empty while there are groups for all three and their share is not 0.
 *
 * @param known parts of groups that stay where they are
 */
export function dealGroups(
  groups: ReadonlyMap<string, KindCounts>,
  { seed, validationShare, testShare }: Pick<SplitValues, 'seed' | 'validationShare' | 'testShare'>,
  known: ReadonlyMap<string, DatasetSplit> = new Map(),
): Map<string, DatasetSplit> {
  const total = new Tally(groups.values());
  const parts = new Map<string, DatasetSplit>([...known].filter(([key]) => groups.has(key)));
  const order = [...groups.keys()]
    .filter((key) => !parts.has(key))
    .map((key) => ({ key, rank: textHash(`${seed}\0${key}`) }));
  order.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const left = order.map(({ key }) => key);
  for (const [part, share] of [
    ['validation', validationShare],
    ['test', testShare],
  ] as const) {
    const taken = new Tally([...parts].flatMap(([key, place]) => (place === part ? groups.get(key)! : [])));
    // A group goes in while it brings the part nearer to its share of every kind.
    for (const key of [...left]) {
      const counts = groups.get(key)!;
      if (taken.sum >= share * total.sum) break;
      if (taken.distanceWith(counts, total, share) >= taken.distanceWith(undefined, total, share)) continue;
      parts.set(key, part);
      left.splice(left.indexOf(key), 1);
      taken.add(counts);
    }
    if (taken.sum === 0 && share > 0 && left.length > 1) {
      // Every group is larger than the part should be: the smallest one is the least loss.
      const smallest = left.reduce((a, b) => (sumOf(groups.get(b)!) < sumOf(groups.get(a)!) ? b : a));
      parts.set(smallest, part);
      left.splice(left.indexOf(smallest), 1);
    }
  }
  for (const key of left) parts.set(key, 'train');
  return parts;
}

/** Counts by kind. */
class Tally {
  sum = 0;
  readonly #kinds = new Map<string, number>();

  constructor(counts: Iterable<KindCounts>) {
    for (const each of counts) this.add(each);
  }

  add(counts: KindCounts): void {
    for (const [kind, count] of counts) {
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + count);
      this.sum += count;
    }
  }

  /** How far from `share` of `total` this is with `more`, summed over the kinds. */
  distanceWith(more: KindCounts | undefined, total: Tally, share: number): number {
    let distance = 0;
    for (const [kind, count] of total.#kinds)
      distance += Math.abs((this.#kinds.get(kind) ?? 0) + (more?.get(kind) ?? 0) - share * count);
    return distance;
  }
}

function sumOf(counts: KindCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** SHA-256 of a text, hex. */
export function textHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
