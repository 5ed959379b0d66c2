import { datasets } from '../../../src/datasets/client.ts';
import { database } from '../../../src/storage/database.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';

export const PASSAGE = 'A rotation lasts one week. Whoever was paged at night starts later the next day.';
const EVIDENCE = 'one week';

/** Adds a data set of rows about rotations through its real worker, then opens it. @returns its id */
export async function openDataset(
  workspaceId: string,
  count: number,
  change: (row: ExampleRow, n: number) => Partial<ExampleRow> = () => ({}),
): Promise<string> {
  const datasetId = await datasets.create(workspaceId, 'Rotations');
  const start = PASSAGE.indexOf(EVIDENCE);
  const rows = Array.from({ length: count }, (_, n): ExampleRow => {
    const row: ExampleRow = {
      ...{ id: `row${n}`, datasetId, workspaceId, ordinal: n, split: n % 10 === 9 ? 'test' : 'train', negatives: [] },
      question: `How long does rotation ${n} last?`,
      answer: 'One week.',
      passage: PASSAGE,
      headings: ['On call'],
      documentKey: `team ${n % 5}.md`,
      evidence: { start, end: start + EVIDENCE.length },
    };
    return { ...row, ...change(row, n) };
  });
  await database().examples.bulkAdd(rows);
  router.go('datasets', datasetId);
  return datasetId;
}

export const rowOf = async (n: number): Promise<ExampleRow> => (await database().examples.get(`row${n}`))!;
