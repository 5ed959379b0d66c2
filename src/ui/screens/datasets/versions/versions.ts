import { database } from '../../../../storage/database.ts';
import type { DatasetVersionRow, ExampleRow } from '../../../../storage/schema.ts';
import { LiveQuery } from '../../../state/live-query.svelte.ts';
import { kindLabel } from '../kinds.ts';
import { splitLabel } from '../splits.ts';

export type VersionSummary = Omit<DatasetVersionRow, 'examples'> & { size: number };

/** Kept versions of a data set without their rows, the latest first: ten of ten thousand rows do not belong in memory. */
export function versionsOf(datasetId: string): LiveQuery<VersionSummary[]> {
  return new LiveQuery(async () => {
    const summaries: VersionSummary[] = [];
    await database()
      .datasetVersions.where('datasetId')
      .equals(datasetId)
      .each(({ examples, ...version }) => summaries.push({ ...version, size: examples.length }));
    return summaries.sort((a, b) => b.version - a.version);
  }, []);
}

/** A change of a field that is no text, in words. */
export interface FieldChange {
  label: string;
  before: string;
  after: string;
}

const TEXTS = { question: 'Question', answer: 'Answer', thought: 'Why', passage: 'Passage' } as const;

/** Texts that changed, to be compared word by word. */
export function changedTexts(before: ExampleRow, after: ExampleRow, fields: readonly (keyof ExampleRow)[]) {
  return Object.entries(TEXTS).flatMap(([field, label]) => {
    const key = field as keyof typeof TEXTS;
    return fields.includes(key) ? [{ label, before: before[key] ?? '', after: after[key] ?? '' }] : [];
  });
}

/** Other changes, where they say something to people. */
export function changedFacts(before: ExampleRow, after: ExampleRow, fields: readonly (keyof ExampleRow)[]) {
  const facts: FieldChange[] = [];
  if (fields.includes('split')) {
    facts.push({ label: 'Part', before: splitLabel(before.split), after: splitLabel(after.split) });
  }
  if (fields.includes('kind')) {
    const word = ({ kind }: ExampleRow) => (kind ? kindLabel(kind) : 'none');
    facts.push({ label: 'Kind', before: word(before), after: word(after) });
  }
  if (fields.includes('review')) {
    facts.push({ label: 'Decision', before: before.review ?? 'open', after: after.review ?? 'open' });
  }
  if (fields.includes('negatives')) {
    const word = ({ negatives }: ExampleRow) => `${negatives.length}`;
    facts.push({ label: 'Hard negatives', before: word(before), after: word(after) });
  }
  return facts;
}
