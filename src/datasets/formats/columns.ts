import * as v from 'valibot';
import type { DatasetSplit, QuestionKind } from '../../storage/schema.ts';
import type { ColumnField, ColumnMapping } from '../contract.ts';

/** A row of a file before it is attached to documents. */
export interface RawExample {
  /** Row of the file, from 1. */
  row: number;
  question: string;
  answer: string;
  /** Other answers that are as right. */
  moreAnswers?: string[];
  thought?: string;
  passage?: string;
  headings: string[];
  /** Path, name or title of the document. */
  document?: string;
  /** Further documents that answer it as well. */
  moreDocuments?: string[];
  /** Words of the document as they stand in it. */
  quotes: string[];
  negatives: string[];
  split?: DatasetSplit;
  /** `unanswerable` where the file has an answer and it is empty; a file without answers says nothing by that. */
  kind?: QuestionKind;
}

export const QUESTION_KINDS = [
  'fact',
  'definition',
  'procedure',
  'comparison',
  'multi-passage',
  'unanswerable',
] as const satisfies QuestionKind[];

/** Names under which each part is found, compared without case, spaces and underscores. The first one present counts. */
export const COLUMNS = {
  question: ['question', 'query', 'anchor', 'instruction', 'prompt', 'input'],
  answer: ['answer', 'answers', 'response', 'output', 'completion'],
  thought: ['thought', 'rationale', 'reasoning', 'explanation', 'cotanswer'],
  passage: ['passage', 'context', 'positive', 'text', 'oraclecontext'],
  headings: ['headings', 'heading', 'section'],
  document: ['document', 'documents', 'source', 'path', 'file', 'docid', 'docids', 'title'],
  quotes: ['quote', 'quotes', 'evidence'],
  negatives: ['negatives', 'negative', 'distractors', 'hardnegatives'],
  split: ['split', 'part', 'subset'],
  kind: ['kind', 'questionkind', 'questiontype'],
} as const satisfies Record<ColumnField, readonly string[]>;

const trimmed = v.pipe(v.string(), v.trim());
const words = (longest: number, what: string) =>
  v.pipe(
    trimmed,
    v.minLength(1, `${what} is empty`),
    v.maxLength(longest, `${what} is longer than ${longest} letters`),
  );
/** Lists may come as one text: a CSV cell, or a file with a single value. */
const list = v.pipe(
  v.union([
    v.array(trimmed),
    v.pipe(
      trimmed,
      v.transform((text) => [text]),
    ),
  ]),
  v.transform((items) => items.filter((item) => item !== '')),
);
const answers = v.pipe(
  list,
  v.everyItem((answer) => answer.length <= 20_000, 'the answer is longer than 20000 letters'),
  v.transform((items) => [...new Set(items)]),
);
const SPLITS: Record<string, DatasetSplit> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  dev: 'validation',
  test: 'test',
};

const rowSchema = v.object({
  question: v.pipe(v.string('the question is missing'), words(4000, 'the question')),
  answer: v.optional(answers, []),
  thought: v.optional(trimmed),
  passage: v.optional(v.pipe(trimmed, v.maxLength(100_000, 'the passage is longer than 100000 letters'))),
  headings: v.optional(list, []),
  document: v.optional(list, []),
  quotes: v.optional(list, []),
  negatives: v.optional(list, []),
  split: v.optional(
    v.pipe(
      trimmed,
      v.check((value) => value === '' || value.toLowerCase() in SPLITS, 'the split is none of train, validation, test'),
      v.transform((value) => SPLITS[value.toLowerCase()]),
    ),
  ),
  // Other files have kinds of their own, which say nothing here.
  kind: v.optional(
    v.pipe(
      trimmed,
      v.transform((value) => QUESTION_KINDS.find((kind) => kind === value.toLowerCase())),
    ),
  ),
});

/** The column that each field is read from, by the names of columns; the first one that a field knows counts. */
export function proposeMapping(columns: readonly string[]): ColumnMapping {
  const byName = new Map(columns.map((column) => [plainName(column), column]));
  const picked = Object.entries(COLUMNS).flatMap(([field, names]) => {
    const name = names.find((candidate) => byName.has(candidate));
    return name === undefined ? [] : [[field, byName.get(name)!] as const];
  });
  return Object.fromEntries(picked);
}

/**
 * Reads a record by the names of its columns.
 *
 * @param mapping absent: by the names of the record's own keys
 * @returns the example, or the reason why it is none
 */
export function readRecord(row: number, record: unknown, mapping?: ColumnMapping): RawExample | { reason: string } {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return { reason: 'it is no object' };
  const cells = record as Record<string, unknown>;
  const present = Object.keys(cells).filter((key) => cells[key] !== null && cells[key] !== undefined);
  const picked = Object.entries(mapping ?? proposeMapping(present)).flatMap(([field, column]) => {
    const value = cells[column];
    return value === null || value === undefined ? [] : [[field, answerText(value)] as const];
  });
  const parsed = v.safeParse(rowSchema, Object.fromEntries(picked));
  if (!parsed.success) return { reason: reasonOf(parsed.issues[0]) };
  const { answer: answers, thought, passage, document: documents, split, kind, ...rest } = parsed.output;
  const [answer = '', ...moreAnswers] = answers;
  const [document, ...moreDocuments] = new Set(documents);
  const unanswerable = answer === '' && picked.some(([field]) => field === 'answer');
  const known = kind ?? (unanswerable ? ('unanswerable' as const) : undefined);
  return {
    row,
    ...rest,
    answer,
    ...(moreAnswers.length > 0 && { moreAnswers }),
    ...(thought && { thought }),
    ...(passage && { passage }),
    ...(document && { document }),
    ...(moreDocuments.length > 0 && { moreDocuments }),
    ...(split && { split }),
    ...(known && { kind: known }),
  };
}

function plainName(column: string): string {
  return column.toLowerCase().replaceAll(/[\s_-]/g, '');
}

/** SQuAD and its kin keep answers as `{ text: [...] }` or `[{ text }]`; others write a number without quotes. */
function answerText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => numberAsText(hasText(item) ? item.text : item));
  return numberAsText(hasText(value) ? value.text : value);
}

function numberAsText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

function hasText(value: unknown): value is { text: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'text' in value;
}

function reasonOf(issue: v.BaseIssue<unknown>): string {
  const part = String(issue.path?.[0]?.key ?? 'row');
  // Messages of our own name the part already.
  if (issue.message.startsWith('the ')) return issue.message;
  return issue.received === 'undefined' ? `the ${part} is missing` : `the ${part} is not text (${issue.received})`;
}
