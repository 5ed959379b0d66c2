import Papa from 'papaparse';
import { AttuneError } from '../errors/attune-error.ts';
import { readRecord, type RawExample } from './columns.ts';
import type { RefusedRow } from './contract.ts';

/** Larger files are no data set that a browser could tune on. */
const MAX_BYTES = 200_000_000;

export interface ReadRows {
  rows: RawExample[];
  refused: RefusedRow[];
}

/**
 * Reads JSONL, JSON (an array of objects, or SQuAD's nesting), CSV and TSV.
 *
 * @throws AttuneError `datasets/too-large`, `datasets/unreadable`
 */
export async function readDatasetFile(file: File): Promise<ReadRows> {
  if (file.size > MAX_BYTES) {
    throw new AttuneError(
      'datasets/too-large',
      `${file.name} has ${Math.round(file.size / 1e6)} MB, and a data set may have ${MAX_BYTES / 1e6}.`,
      'Split the file, or leave out rows.',
    );
  }
  const text = (await file.text()).replace(/^\uFEFF/, '');
  const extension = file.name.toLowerCase().split('.').at(-1);
  if (extension === 'csv' || extension === 'tsv') return collect(csvRecords(file.name, text));
  const whole = extension === 'jsonl' ? undefined : parseJson(text);
  if (whole === undefined) return collect(jsonLines(file.name, text));
  if (Array.isArray(whole)) return collect(whole.map((record: unknown, i) => ({ row: i + 1, record })));
  const squad = squadRecords(whole);
  if (squad) return collect(squad);
  // A file with a single row is a valid JSONL file too.
  return collect([{ row: 1, record: whole }]);
}

interface NumberedRecord {
  row: number;
  record: unknown;
}

function collect(records: Iterable<NumberedRecord>): ReadRows {
  const rows: RawExample[] = [];
  const refused: RefusedRow[] = [];
  for (const { row, record } of records) {
    const read = record instanceof UnreadableLine ? { reason: 'it is no JSON' } : readRecord(row, record);
    if ('reason' in read) refused.push({ row, reason: read.reason });
    else rows.push(read);
  }
  return { rows, refused };
}

class UnreadableLine {}

function jsonLines(file: string, text: string): NumberedRecord[] {
  const records = text.split('\n').flatMap((line, i): NumberedRecord[] => {
    if (line.trim() === '') return [];
    return [{ row: i + 1, record: parseJson(line) ?? new UnreadableLine() }];
  });
  if (records.length === 0 || records.every(({ record }) => record instanceof UnreadableLine)) {
    throw unreadable(file, 'holds no line of JSON');
  }
  return records;
}

function csvRecords(file: string, text: string): NumberedRecord[] {
  const { data, meta } = Papa.parse<Record<string, string>>(text, {
    header: true,
    skipEmptyLines: 'greedy',
    transformHeader: (name) => name.trim(),
  });
  if ((meta.fields ?? []).length < 2) throw unreadable(file, 'has no header with at least two columns');
  // Empty cells are absent values; lists in a cell are written as JSON.
  return data.map((cells, i) => {
    const entries = Object.entries(cells)
      .filter(([key, value]) => key !== '__parsed_extra' && typeof value === 'string' && value.trim() !== '')
      .map(([key, value]) => [key, value.trim().startsWith('[') ? (parseJson(value) ?? value) : value] as const);
    return { row: i + 1, record: Object.fromEntries(entries) };
  });
}

interface SquadFile {
  data: {
    title?: string;
    paragraphs?: {
      context?: string;
      qas?: { question?: string; is_impossible?: boolean; answers?: { text?: string }[] }[];
    }[];
  }[];
}

/** SQuAD (Rajpurkar et al. 2016): articles with paragraphs with questions. Unanswerable ones have an empty answer. */
function squadRecords(value: unknown): NumberedRecord[] | undefined {
  const { data } = value as Partial<SquadFile>;
  if (!Array.isArray(data)) return undefined;
  let row = 0;
  return data.flatMap(({ title, paragraphs }) =>
    (paragraphs ?? []).flatMap(({ context, qas }) =>
      (qas ?? []).map(({ question, answers }) => ({
        row: ++row,
        record: { question, answer: answers?.[0]?.text ?? '', passage: context, document: title },
      })),
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function unreadable(file: string, what: string): AttuneError {
  return new AttuneError(
    'datasets/unreadable',
    `${file} ${what}.`,
    'Choose a JSONL, JSON, CSV or SQuAD file with questions, answers and passages.',
  );
}
