import { AttuneError } from '../errors/attune-error.ts';
import type { DatasetRow, DatasetVersionRow, ExampleRow } from '../storage/schema.ts';
import type { DatasetDiff } from './contract.ts';
import type { DatasetStore } from './store.ts';

/** Keeps all rows of a data set, those out of use too, and how they were dealt, as they are now. @returns the version's number */
export async function keepVersion(store: DatasetStore, datasetId: string, note: string): Promise<number> {
  let kept = 0;
  await store.change(datasetId, async (dataset) => {
    kept = await addVersion(store, dataset, note);
    return { dataset: { version: kept + 1 } };
  });
  return kept;
}

/**
 * Files the rows of now under the data set's version, inside of a transaction.
 *
 * @returns that version; the rows then are on the way to the next one
 */
export async function addVersion(store: DatasetStore, dataset: DatasetRow, note: string): Promise<number> {
  const { id: datasetId, workspaceId, hash, counts, version = 1, seed, split, rules } = dataset;
  const examples = await store.rows(datasetId);
  const row: DatasetVersionRow = {
    id: `${datasetId}/${version}`,
    datasetId,
    workspaceId,
    version,
    hash,
    counts,
    note,
    examples,
    settings: { seed, split, rules },
    createdAt: Date.now(),
  };
  await store.db.datasetVersions.put(row);
  return version;
}

/** Puts a version in the place of what is there now, of which a version is kept. */
export async function bringBack(store: DatasetStore, datasetId: string, version: number): Promise<void> {
  await store.change(datasetId, async (dataset) => {
    const { examples, settings } = await versionOf(store, datasetId, version);
    const kept = await addVersion(store, dataset, `before version ${version} was brought back`);
    const ids = new Set(examples.map(({ id }) => id));
    const now = await store.rows(datasetId);
    return {
      put: examples,
      remove: now.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
      // Rows that come in later are dealt as those of the version were, and leaks are judged by it.
      dataset: { version: kept + 1, ...settings },
    };
  });
}

/** @param to absent: the rows of now */
export async function diffVersions(
  store: DatasetStore,
  datasetId: string,
  from: number,
  to: number | undefined,
): Promise<DatasetDiff> {
  const before = (await versionOf(store, datasetId, from)).examples;
  const after = to === undefined ? await store.rows(datasetId) : (await versionOf(store, datasetId, to)).examples;
  return diffRows(before, after);
}

/** What is not compared: where a row lies, and what rules found, which says nothing of the data. */
const IGNORED = new Set<keyof ExampleRow>(['ordinal', 'quality', 'editedAt', 'datasetId', 'workspaceId']);

/** Compares rows by their ids. */
export function diffRows(before: readonly ExampleRow[], after: readonly ExampleRow[]): DatasetDiff {
  const old = new Map(before.map((row) => [row.id, row]));
  const diff: DatasetDiff = { added: [], removed: [], changed: [], unchanged: 0 };
  for (const row of after) {
    const was = old.get(row.id);
    old.delete(row.id);
    if (!was) {
      diff.added.push(row);
      continue;
    }
    const fields = changedFields(was, row);
    if (fields.length > 0) diff.changed.push({ before: was, after: row, fields });
    else diff.unchanged++;
  }
  diff.removed = [...old.values()];
  return diff;
}

function changedFields(before: ExampleRow, after: ExampleRow): (keyof ExampleRow)[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)] as (keyof ExampleRow)[]);
  return [...keys].filter((key) => !IGNORED.has(key) && JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

async function versionOf(store: DatasetStore, datasetId: string, version: number): Promise<DatasetVersionRow> {
  const row = await store.db.datasetVersions.get(`${datasetId}/${version}`);
  if (row) return row;
  throw new AttuneError('datasets/missing-version', `There is no version ${version}.`, 'Choose another version.');
}
