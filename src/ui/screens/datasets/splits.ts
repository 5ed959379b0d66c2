import type { DatasetSplit } from '../../../storage/schema.ts';

/** The parts of a data set: the field's name and what each is for. */
export const splits: readonly { split: DatasetSplit; label: string; purpose: string }[] = [
  { split: 'train', label: 'Training', purpose: 'to learn from' },
  { split: 'validation', label: 'Validation', purpose: 'to check on while learning' },
  { split: 'test', label: 'Test', purpose: 'kept aside for comparing' },
];

export function splitLabel(split: DatasetSplit): string {
  return splits.find((known) => known.split === split)!.label;
}
