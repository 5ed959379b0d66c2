import 'fake-indexeddb/auto';
import { onTestFinished } from 'vitest';
import { Datasets } from '../../src/datasets/service.ts';
import { DatasetStore, type NewExample } from '../../src/datasets/store.ts';
import { AttuneDatabase } from '../../src/storage/database.ts';
import type { ExampleRow } from '../../src/storage/schema.ts';
import { writeDocument, type TestDocument } from './library.ts';

export const workspaceId = 'w';
let databases = 0;

/** A row of a data set, different for each `i`. */
export function example(i: number, changes: Partial<NewExample> = {}): NewExample {
  return {
    split: 'train',
    question: `How many days of leave are there in country ${i}?`,
    answer: `${i + 10} days`,
    passage: `In country ${i} everybody gets ${i + 10} days of leave, whatever their work.`,
    headings: ['Leave'],
    documentKey: `countries/${i}.md`,
    negatives: [],
    ...changes,
  };
}

/** A database of its own with the service over it. */
export async function studio(...documents: TestDocument[]) {
  const db = new AttuneDatabase(`studio-test-${databases++}`);
  onTestFinished(() => db.delete());
  for (const document of documents) await writeDocument(db, workspaceId, document);
  const datasets = new Datasets(db);
  const store = new DatasetStore(db);
  const rows = (datasetId: string): Promise<ExampleRow[]> => store.rows(datasetId);
  const dataset = async (datasetId: string) => (await db.datasets.get(datasetId))!;
  /** A data set of these rows. @returns its id */
  const filled = async (examples: readonly NewExample[]) =>
    (await store.create({ workspaceId, name: 'Leave', source: 'made for a test', seed: 1 }, examples)).id;
  return { db, datasets, store, rows, dataset, filled };
}

/** A file of JSON lines. */
export function jsonl(name: string, ...lines: object[]): File {
  return new File([lines.map((line) => JSON.stringify(line)).join('\n')], name);
}
