import { valuesOf } from '../settings/knob.ts';
import type { DatasetRow, DatasetSplit, ExampleRow } from '../storage/schema.ts';
import { assignParts } from './assign-parts.ts';
import type { SplitPreview, SplitSettings } from './contract.ts';
import { inUse } from './in-use.ts';
import { SPLIT_KNOBS, splitValues } from './settings.ts';
import type { DatasetStore } from './store.ts';
import { addVersion } from './versions.ts';

/** What a new split would do to the rows; nothing is stored. */
export async function previewSplit(
  store: DatasetStore,
  datasetId: string,
  settings: SplitSettings,
): Promise<SplitPreview> {
  return dealt(await store.dataset(datasetId), await store.rows(datasetId), settings).preview;
}

/** Deals all rows out anew, those out of use too. */
export async function resplit(store: DatasetStore, datasetId: string, settings: SplitSettings): Promise<SplitPreview> {
  let preview: SplitPreview | undefined;
  await store.change(datasetId, async (dataset) => {
    const now = await store.rows(datasetId);
    const { rows, split, ...result } = dealt(dataset, now, settings);
    preview = result.preview;
    const kept = await addVersion(store, dataset, 'before it was split anew');
    return {
      put: rows.filter((row, i) => row.split !== now[i]!.split),
      dataset: { version: kept + 1, seed: Number(split['seed']), split },
    };
  });
  return preview!;
}

function dealt(dataset: DatasetRow, now: readonly ExampleRow[], settings: SplitSettings) {
  const values = valuesOf(SPLIT_KNOBS, { ...splitValues(dataset), ...settings });
  // The parts of now are what is dealt anew.
  const { rows, by, note } = assignParts(
    now.map(({ split: _, ...row }) => row as Omit<ExampleRow, 'split'> & { split?: DatasetSplit }),
    values,
  );
  const counts = { train: 0, validation: 0, test: 0 };
  for (const row of rows) if (inUse(row)) counts[row.split]++;
  const moved = rows.filter((row, i) => row.split !== now[i]!.split).length;
  const leavingTest = rows.filter((row, i) => now[i]!.split === 'test' && row.split !== 'test').length;
  const preview: SplitPreview = { counts, moved, leavingTest, warning: warningOf(moved, leavingTest, note) };
  return { rows, split: { ...values, by }, preview };
}

function warningOf(moved: number, leavingTest: number, note: string | undefined): string {
  if (moved === 0) return ['Every question stays in its part.', note].filter(Boolean).join(' ');
  const questions = (count: number) => (count === 1 ? '1 question changes' : `${count} questions change`);
  const test =
    leavingTest > 0
      ? ` ${leavingTest === 1 ? 'One leaves' : `${leavingTest} leave`} the test part: models tuned from now on learn from what earlier scores were measured on, so the two cannot be compared.`
      : ' Scores from before and after cannot be compared.';
  return [`${questions(moved)} the part.${test}`, note].filter(Boolean).join(' ');
}
