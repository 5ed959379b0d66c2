import Papa from 'papaparse';
import { AttuneError } from '../../errors/attune-error.ts';

/** A row of a file before anything is known of its columns. */
export interface NumberedRecord {
  /** From 1: line of a JSONL file, record of a table, question of a SQuAD file. */
  row: number;
  record: unknown;
}

/** A line that is no JSON. */
export class UnreadableLine {}

/**
 * The records of a file by its ending, or by what stands in it.
 *
 * @throws AttuneError `datasets/unreadable`
 */
export function recordsOf(path: string, text: string): NumberedRecord[] {
  const extension = path.toLowerCase().split('.').at(-1);
  if (extension === 'csv' || extension === 'tsv') return csvRecords(path, text);
  const whole = extension === 'jsonl' ? undefined : parseJson(text);
  if (whole === undefined) return jsonLines(path, text);
  if (Array.isArray(whole)) return whole.map((record: unknown, i) => ({ row: i + 1, record }));
  // A file with a single row is a valid JSONL file too.
  return [{ row: 1, record: whole }];
}

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

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function unreadable(file: string, what: string): AttuneError {
  return new AttuneError(
    'datasets/unreadable',
    `${file} ${what}.`,
    'Choose a JSONL, JSON, CSV or SQuAD file with questions, answers and passages.',
  );
}
