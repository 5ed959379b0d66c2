import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { Datasets } from '../../../src/datasets/service.ts';
import { Ingest } from '../../../src/ingest/ingest.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';

const folder = 'public/samples';

it('every sample question finds its passage among the sample documents, and every part gets some', async () => {
  const db = new AttuneDatabase('sample-questions');
  onTestFinished(() => db.delete());
  await db.workspaces.add({ id: 'w', name: 'Samples', createdAt: 0, updatedAt: 0, settings: {} });
  const { files } = JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')) as { files: string[] };
  const countWords = (text: string) => text.split(/\s+/).length;
  const ingest = new Ingest({ database: db, tokenCounter: async () => countWords });
  await ingest.add(
    'w',
    files.map((path) => ({ path, blob: new Blob([readFileSync(`${folder}/${path}`)]) })),
  );
  await ingest.run('w');
  const questions = new File([readFileSync(`${folder}/handbook-questions.jsonl`)], 'handbook-questions.jsonl');
  const result = await new Datasets(db).import('w', questions);
  expect(result.refused).toEqual([]);
  expect(result.attached).toBe(107);
  expect(result.counts.train).toBeGreaterThan(70);
  expect(result.counts.validation).toBeGreaterThan(7);
  expect(result.counts.test).toBeGreaterThan(7);
  const examples = await db.examples.toArray();
  expect(new Set(examples.map(({ documentKey }) => documentKey)).size).toBe(files.length);
});
