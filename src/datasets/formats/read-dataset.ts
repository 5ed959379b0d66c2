import { ANSWER_RECIPE } from '../../chat/prompt/answer-recipe.ts';
import type { DatasetSplit } from '../../storage/schema.ts';
import type { ColumnMapping, DatasetFiles, DatasetFormat, RefusedRow } from '../contract.ts';
import { beirRecords, isBeir } from './beir.ts';
import { readRecord, type RawExample } from './columns.ts';
import { exchangeOf, goesOn, withoutThought } from './conversations.ts';
import { isObject } from './is-object.ts';
import { rawOf, readNative, type NativeDataset } from './native.ts';
import { readRaft } from './raft.ts';
import { recordsOf, UnreadableLine, unreadable, type NumberedRecord } from './records.ts';
import { readSources, type SourceText } from './sources.ts';
import { squadRecords } from './squad.ts';

export interface ReadDataset {
  /** Of the file or folder. */
  name: string;
  format: DatasetFormat;
  rows: RawExample[];
  refused: RefusedRow[];
  /** What rows of the file hold and a data set has no place for, in one sentence. */
  note?: string;
  /** Records as they stand in files with columns, for a mapping. */
  records: Record<string, unknown>[];
  /** Only of the format `native`, whose rows need no reading. */
  native?: NativeDataset;
}

/**
 * Reads a data set from one file, a .zip or the files of a folder, whatever its format.
 *
 * @param mapping takes the file for one with columns and reads these; absent: by its layout and the columns' names
 * @throws AttuneError `datasets/too-large`, `datasets/unreadable`, of `readArchive`
 */
export async function readDataset(files: DatasetFiles, mapping?: ColumnMapping): Promise<ReadDataset> {
  const { name, texts } = await readSources(files);
  const native = readNative(texts);
  if (native) {
    const rows = native.examples.map((example, i) => rawOf(example, i + 1));
    return { name, format: 'native', rows, refused: native.refused, records: [], native };
  }
  if (isBeir(texts)) return { name, format: 'beir', ...collect(beirRecords(texts)), records: [] };
  const parts = texts.filter(({ path }) => /\.(jsonl|csv|tsv|json)$/i.test(path) || texts.length === 1);
  if (parts.length === 0) throw unreadable(name, 'holds no JSONL, JSON, CSV or TSV file');
  const read = parts.map((part) => readPart(part, mapping, parts.length > 1));
  const format = read[0]!.format;
  const rows = read.flatMap((part) => part.rows);
  const note = cutNote(read.reduce((sum, { cut }) => sum + cut, 0));
  return {
    name,
    format,
    rows: format === 'triplets' ? mergedTriplets(rows) : rows,
    refused: read.flatMap(({ refused }) => refused),
    records: read.flatMap(({ records }) => records),
    ...(note && { note }),
  };
}

interface Part extends Pick<ReadDataset, 'format' | 'rows' | 'refused' | 'records'> {
  /** Rows of which only the beginning is taken. */
  cut: number;
}

function readPart({ path, text }: SourceText, mapping: ColumnMapping | undefined, several: boolean): Part {
  const numbered = recordsOf(path, text);
  const squad = numbered.length === 1 ? squadRecords(numbered[0]!.record) : undefined;
  const records = squad ?? numbered;
  // One broken line says nothing of the layout of the others.
  const objects = records.flatMap(({ record }) =>
    isObject(record) && !(record instanceof UnreadableLine) ? [record] : [],
  );
  const format = squad ? 'squad' : mapping ? 'rows' : formatOf(objects);
  const { rows, refused } = collect(
    records.map(({ row, record }) => ({ row, record: columnsOf(format, record) })),
    mapping,
  );
  const split = partNamed(path);
  return {
    format,
    rows: rows.map((row) => readable({ ...row, ...(!row.split && split && { split }) }, format)),
    refused: several ? refused.map(({ row, reason }) => ({ row, reason: `${reason} (in ${path})` })) : refused,
    records: objects,
    cut: objects.filter((record) => isCut(format, record)).length,
  };
}

function isCut(format: DatasetFormat, { messages, conversations }: Record<string, unknown>): boolean {
  const turns = format === 'chat' ? messages : format === 'sharegpt' ? conversations : undefined;
  return Array.isArray(turns) && goesOn(turns);
}

function cutNote(cut: number): string | undefined {
  if (cut === 0) return undefined;
  const conversations = cut === 1 ? '1 conversation goes' : `${cut} conversations go`;
  return `${conversations} on after the first answer: only the first question of each is taken.`;
}

/** A layout is known by its columns. */
function formatOf(records: readonly Record<string, unknown>[]): DatasetFormat {
  const has = (...columns: string[]) =>
    records.length > 0 && records.slice(0, 20).every((record) => columns.every((column) => column in record));
  if (has('messages')) return 'chat';
  if (has('conversations')) return 'sharegpt';
  if (has('oracle_context', 'cot_answer')) return 'raft';
  if (has('instruction', 'input', 'output')) return 'alpaca';
  if (has('anchor', 'positive', 'negative')) return 'triplets';
  if (has('anchor', 'positive')) return 'pairs';
  return 'rows';
}

/** A record of any format as one with columns; `undefined` where it does not hold what its format asks for. */
function columnsOf(format: DatasetFormat, record: unknown): unknown {
  if (!isObject(record)) return record;
  switch (format) {
    case 'chat':
    case 'sharegpt': {
      const turns = record['messages'] ?? record['conversations'];
      return Array.isArray(turns) ? exchangeOf(turns) : undefined;
    }
    case 'alpaca': {
      const { instruction, input, output, ...rest } = record;
      const passage = typeof input === 'string' && input.trim() !== '' ? input : undefined;
      const answered = typeof output === 'string' ? withoutThought(output) : { answer: output };
      return { ...rest, question: instruction, passage, ...answered };
    }
    case 'raft':
      return readRaft(record);
    default:
      return record;
  }
}

/** What formats say in their own way: a refusal as the answer, no passage beside a conversation. */
function readable(row: RawExample, format: DatasetFormat): RawExample {
  if (!['chat', 'sharegpt', 'alpaca', 'raft'].includes(format)) return row;
  if (row.answer === ANSWER_RECIPE.refusal) return { ...row, answer: '', kind: 'unanswerable' };
  // A conversation without its passage is looked for by what was answered.
  return row.passage === undefined && row.quotes.length === 0 && row.answer !== ''
    ? { ...row, quotes: [row.answer] }
    : row;
}

function collect(records: readonly NumberedRecord[], mapping?: ColumnMapping): Pick<ReadDataset, 'rows' | 'refused'> {
  const rows: RawExample[] = [];
  const refused: RefusedRow[] = [];
  for (const { row, record } of records) {
    if (record instanceof UnreadableLine) refused.push({ row, reason: 'it is no JSON' });
    else if (record === undefined) refused.push({ row, reason: 'it holds no question with an answer' });
    else {
      const read = readRecord(row, record, mapping);
      if ('reason' in read) refused.push({ row, reason: read.reason });
      else rows.push(read);
    }
  }
  return { rows, refused };
}

/** The negatives of one question stand in rows of their own. */
function mergedTriplets(rows: readonly RawExample[]): RawExample[] {
  const merged = new Map<string, RawExample>();
  for (const row of rows) {
    const key = JSON.stringify([row.split, row.question, row.passage]);
    const known = merged.get(key);
    if (known) known.negatives = [...known.negatives, ...row.negatives];
    else merged.set(key, { ...row });
  }
  return [...merged.values()];
}

/** `train.jsonl`, `squad-dev.json`, `data/test/0.jsonl`. */
function partNamed(path: string): DatasetSplit | undefined {
  const name = /(?:^|[/._-])(train|dev|valid|validation|test)(?:[/._-]|$)/i.exec(path)?.[1]?.toLowerCase();
  if (name === 'train' || name === 'test') return name;
  return name === undefined ? undefined : 'validation';
}
