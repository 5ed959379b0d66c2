import type { DatasetSplit, ExampleRow } from '../storage/schema.ts';
import type { SplitValues } from './settings.ts';
import { countGroups, dealGroups, groupOf, passageKey } from './split.ts';

type Draft = Pick<ExampleRow, 'documentKey' | 'headings' | 'passage' | 'kind'> & { split?: DatasetSplit };

export interface Assigned<T> {
  rows: (T & { split: DatasetSplit })[];
  /** What was kept together in the end; `file`: the rows came with their parts. */
  by: SplitValues['by'] | 'file';
  /** What the reader should know of it, in one sentence. */
  note?: string;
}

/** Gives every row of a new data set its part: the one that it names where all do, else dealt out by groups. */
export function assignParts<T extends Draft>(drafts: readonly T[], values: SplitValues): Assigned<T> {
  if (drafts.every(({ split }) => split !== undefined)) {
    const rows = drafts as unknown as (T & { split: DatasetSplit })[];
    const torn = tornGroups(rows);
    const note = `The file splits ${torn} of its documents over several parts: scores on them will look better than they are.`;
    return { rows, by: 'file', ...(torn > 0 && { note }) };
  }
  const parts = (by: SplitValues['by']) => {
    const dealt = dealGroups(countGroups(drafts, { ...values, by }), values);
    return drafts.map((draft) => ({ ...draft, split: dealt.get(groupOf(draft, by))! }));
  };
  if (hasEnoughGroups(drafts, values)) return { rows: parts(values.by), by: values.by };
  const what = values.by === 'subject' ? 'subjects' : 'documents';
  return {
    rows: parts('passage'),
    by: 'passage',
    note: `All questions are on one or two ${what}, so they are split by passage: scores will look a little better than they are.`,
  };
}

/**
 * Gives rows that come to a data set their part: that of their passage or group where it has one, else so that the
 * shares are kept. Rows of a new document never join a part that they would give away.
 */
export function assignToExisting<T extends Draft>(
  existing: readonly (Draft & { split: DatasetSplit })[],
  drafts: readonly T[],
  values: SplitValues,
): (T & { split: DatasetSplit })[] {
  const { ofPassage, ofGroup } = knownParts(existing, values.by);
  const dealt = dealGroups(countGroups([...existing, ...drafts], values), values, ofGroup);
  return drafts.map((draft) => ({
    ...draft,
    split: ofPassage.get(passageKey(draft)) ?? dealt.get(groupOf(draft, values.by))!,
  }));
}

/** Whether there are groups for every part that has a share; with fewer, passages are dealt out instead. */
export function hasEnoughGroups(rows: readonly Draft[], values: SplitValues): boolean {
  return values.by === 'passage' || countGroups(rows, values).size >= (values.testShare > 0 ? 3 : 2);
}

/** The parts in which passages lie, and groups that lie in one part only: a torn group gives nothing away anew. */
export function knownParts(existing: readonly (Draft & { split: DatasetSplit })[], by: SplitValues['by']) {
  const ofPassage = new Map(existing.map((row) => [passageKey(row), row.split]));
  const ofGroup = new Map<string, DatasetSplit>();
  const torn = new Set<string>();
  for (const row of existing) {
    const group = groupOf(row, by);
    if ((ofGroup.get(group) ?? row.split) !== row.split) torn.add(group);
    ofGroup.set(group, row.split);
  }
  for (const group of torn) ofGroup.delete(group);
  return { ofPassage, ofGroup };
}

function tornGroups(rows: readonly (Draft & { split: DatasetSplit })[]): number {
  const parts = new Map<string, Set<DatasetSplit>>();
  for (const { documentKey, split } of rows) parts.set(documentKey, (parts.get(documentKey) ?? new Set()).add(split));
  return [...parts.values()].filter(({ size }) => size > 1).length;
}
