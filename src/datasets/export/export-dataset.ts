import { BlobWriter, configure, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import type { ExportOptions } from '../contract.ts';
import { nativeExample, nativeHead } from '../formats/native.ts';
import { inUse } from '../in-use.ts';
import type { DatasetStore } from '../store.ts';
import { dataCard } from './data-card.ts';
import { recordsFor } from './records-for.ts';

// This code runs in a worker already; more workers from blob: URLs would also break the content security policy.
configure({ useWebWorkers: false });

const PARTS = ['train', 'validation', 'test'] as const;

/**
 * A data set as a .zip: a JSONL file for each part (`native`: one for all rows, with `dataset.json`) and its card as
 * `README.md`.
 *
 * @throws AttuneError `datasets/missing`
 */
export async function exportDataset(store: DatasetStore, datasetId: string, options: ExportOptions): Promise<File> {
  const dataset = await store.dataset(datasetId);
  const rows = await store.rows(datasetId);
  const zip = new ZipWriter(new BlobWriter('application/zip'));
  const add = (name: string, text: string) => zip.add(name, new Blob([text]).stream());
  await add('README.md', dataCard(dataset, rows, options));
  if (options.format === 'native') {
    await add('dataset.json', JSON.stringify(nativeHead(dataset), null, 2));
    await add('examples.jsonl', lines(rows.map(nativeExample)));
  } else {
    const used = rows.filter(inUse);
    for (const part of PARTS) {
      const own = used.filter(({ split }) => split === part);
      const records = recordsFor(own, options, dataset.seed ?? 1);
      if (records.length > 0) await add(`${part}.jsonl`, lines(records));
    }
  }
  const name = `${fileName(dataset.name)}-${options.format}.zip`;
  return new File([await zip.close()], name, { type: 'application/zip' });
}

function lines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

function fileName(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '');
  return plain || 'data-set';
}
