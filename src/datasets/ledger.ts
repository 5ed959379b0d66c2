import type { DatasetRow, DatasetSplit, ExampleRow } from '../storage/schema.ts';
import { inUse } from './in-use.ts';
import { textHash } from './split.ts';

export type HashedExample = Pick<
  ExampleRow,
  'split' | 'question' | 'answer' | 'thought' | 'passage' | 'headings' | 'documentKey' | 'negatives'
> &
  Partial<Pick<ExampleRow, 'kind' | 'moreAnswers' | 'morePassages' | 'review' | 'removedBy'>>;

/** SHA-256 over what a run learns from in a row, hex. */
function exampleDigest(row: HashedExample): string {
  const {
    split,
    question,
    answer,
    thought,
    passage,
    headings,
    documentKey,
    negatives,
    kind,
    moreAnswers,
    morePassages,
  } = row;
  const more = (morePassages ?? []).map(({ text, headings, documentKey }) => [text, headings, documentKey]);
  return textHash(
    JSON.stringify([
      split,
      question,
      answer,
      thought ?? '',
      passage,
      headings,
      documentKey,
      negatives,
      kind ?? '',
      more,
      ...(moreAnswers ? [moreAnswers] : []),
    ]),
  );
}

/** SHA-256 over the rows in use, in order: two data sets of the same rows are the same data. */
export function datasetHash(rows: readonly HashedExample[]): string {
  return textHash(rows.filter(inUse).map(exampleDigest).join('\n'));
}

interface Entry {
  ordinal: number;
  /** Absent: the row is out of use. */
  used?: { split: DatasetSplit; digest: string };
}

/**
 * What hash and counts of a data set are made of, row by row: a change of one row then reads and hashes that row alone,
 * which keeps up with somebody who decides on a row every second.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();

  constructor(rows: readonly ExampleRow[]) {
    for (const row of rows) this.put(row);
  }

  put(row: ExampleRow): void {
    const used = inUse(row) ? { split: row.split, digest: exampleDigest(row) } : undefined;
    this.#entries.set(row.id, { ordinal: row.ordinal, ...(used && { used }) });
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }

  /** Hash and counts as they stand in the data set's row. */
  totals(): Pick<DatasetRow, 'hash' | 'counts'> {
    const counts = { train: 0, validation: 0, test: 0 };
    const digests: string[] = [];
    for (const { used } of [...this.#entries.values()].sort((a, b) => a.ordinal - b.ordinal)) {
      if (!used) continue;
      counts[used.split]++;
      digests.push(used.digest);
    }
    return { hash: textHash(digests.join('\n')), counts };
  }
}
