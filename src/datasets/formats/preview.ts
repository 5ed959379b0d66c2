import type { ColumnField, ColumnMapping, DatasetFiles, DatasetFormat, ImportPreview } from '../contract.ts';
import { proposeMapping, type RawExample } from './columns.ts';
import { readDataset } from './read-dataset.ts';

const ROWS = 20;
const PROBLEMS = 50;
/** Letters of a value that are shown. */
const LONGEST = 300;
/** Records whose columns are looked at. */
const LOOKED_AT = 200;
const NOTHING_TO_TRAIN_ON =
  'By its name or a column, the file puts every row into the part for the test or for validation: nothing is left to train on. Rename it where that is not meant, or split the data set again.';

/** What a file would become; see the contract. */
export async function previewDataset(files: DatasetFiles, mapping?: ColumnMapping): Promise<ImportPreview> {
  const { format, rows, refused, records, note } = await readDataset(files, mapping);
  const columns = new Map<string, string>();
  for (const record of records.slice(0, LOOKED_AT)) {
    for (const [name, value] of Object.entries(record)) if (!columns.get(name)) columns.set(name, shown(value));
  }
  const warning = [note, trainsNothing(rows) && NOTHING_TO_TRAIN_ON].filter(Boolean).join(' ');
  // Triplets are not: negatives of a question stand in rows of their own, which no mapping would bring together.
  const mappable = format === 'rows' || format === 'pairs' || format === 'alpaca';
  return {
    format,
    total: rows.length + refused.length,
    columns: mappable ? [...columns].map(([name, sample]) => ({ name, sample })) : [],
    mapping: mapping ?? (mappable ? proposed(format, [...columns.keys()]) : {}),
    rows: rows.slice(0, ROWS).map((row) => ({ row: row.row, fields: fieldsOf(row) })),
    readable: rows.length,
    ...(warning && { warning }),
    problems: refused.slice(0, PROBLEMS),
  };
}

/** As the columns are read without a mapping: Alpaca's input is what the instruction is about. */
function proposed(format: DatasetFormat, columns: readonly string[]): ColumnMapping {
  return { ...proposeMapping(columns), ...(format === 'alpaca' && { passage: 'input' }) };
}

/** A name such as test-questions.csv says a part for all rows, which may not be what was meant. */
function trainsNothing(rows: readonly RawExample[]): boolean {
  return rows.length > 0 && rows.every(({ split }) => split !== undefined && split !== 'train');
}

function fieldsOf(row: RawExample): Partial<Record<ColumnField, string>> {
  const { question, answer, thought, passage, headings, document, moreDocuments, quotes, negatives, split, kind } = row;
  const fields: Record<ColumnField, unknown> = {
    question,
    answer,
    thought,
    passage,
    headings,
    document: document && [document, ...(moreDocuments ?? [])],
    quotes,
    negatives,
    split,
    kind,
  };
  const filled = Object.entries(fields).map(([field, value]) => [field, shown(value)] as const);
  return Object.fromEntries(filled.filter(([, value]) => value !== ''));
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = Array.isArray(value)
    ? value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(' · ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
