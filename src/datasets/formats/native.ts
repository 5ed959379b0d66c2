import * as v from 'valibot';
import type { DatasetRow, ExampleRow } from '../../storage/schema.ts';
import { QUESTION_KINDS, type RawExample } from './columns.ts';
import type { RefusedRow } from '../contract.ts';
import { recordsOf } from './records.ts';
import type { SourceText } from './sources.ts';

/** What Attune itself writes: `dataset.json` says what it is, `examples.jsonl` has every row with all that is known. */
export const NATIVE_FORMAT = 'attune-dataset';

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.string();
const texts = v.array(text);
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const split = v.picklist(['train', 'validation', 'test']);
const span = v.pipe(
  v.object({ start: whole, end: whole }),
  v.check(({ start, end }) => start <= end, 'a span ends before it begins'),
);
const settings = v.record(text, v.union([text, v.number(), v.boolean()]));

/** Fields of a row as they are written to files, here and in the archive of a workspace. */
export const exampleFields = {
  split,
  question: text,
  answer: text,
  moreAnswers: v.optional(texts),
  thought: v.optional(text),
  passage: text,
  headings: texts,
  documentKey: text,
  chunkId: v.optional(text),
  negatives: texts,
  kind: v.optional(v.picklist(QUESTION_KINDS)),
  language: v.optional(v.pipe(text, v.maxLength(8))),
  evidence: v.optional(span),
  morePassages: v.optional(v.array(v.object({ text, headings: texts, documentKey: text, chunkId: v.optional(text) }))),
  provenance: v.optional(
    v.object({
      origin: v.picklist(['writer', 'engine', 'extracted', 'imported', 'chat', 'recorded', 'labelled']),
      generator: v.optional(text),
      promptVersion: v.optional(text),
      seed: v.optional(v.number()),
    }),
  ),
  quality: v.optional(
    v.object({
      score: share,
      findings: v.array(
        v.object({
          rule: text,
          verdict: v.picklist(['passed', 'failed', 'unknown']),
          score: v.optional(share),
          reason: text,
        }),
      ),
    }),
  ),
  removedBy: v.optional(text),
  review: v.optional(v.picklist(['accepted', 'rejected'])),
  editedAt: v.optional(whole),
};

/** Fields of a data set's own row as they are written to files. */
export const datasetFields = {
  seed: v.optional(v.number()),
  split: v.optional(settings),
  rules: v.optional(v.record(text, settings)),
  licence: v.optional(text),
};

const exampleSchema = v.object(exampleFields);
const headSchema = v.object({
  format: v.literal(NATIVE_FORMAT),
  version: v.literal(1),
  name: text,
  source: text,
  ...datasetFields,
});

export type NativeHead = v.InferOutput<typeof headSchema>;
export type NativeExample = v.InferOutput<typeof exampleSchema>;

export interface NativeDataset {
  head: NativeHead;
  examples: NativeExample[];
}

export function nativeHead({ name, source, seed, split, rules, licence }: DatasetRow): object {
  return { format: NATIVE_FORMAT, version: 1, name, source, seed, split, rules, licence };
}

/** Ids and places are given anew by whoever reads it. */
export function nativeExample(row: ExampleRow): object {
  return { ...row, id: undefined, datasetId: undefined, workspaceId: undefined, ordinal: undefined };
}

/** Reads what {@link nativeHead} and {@link nativeExample} wrote; undefined where the files are something else. */
export function readNative(sources: readonly SourceText[]): (NativeDataset & { refused: RefusedRow[] }) | undefined {
  const head = sources.find(({ path }) => /(^|\/)dataset\.json$/.test(path));
  const rows = sources.find(({ path }) => /(^|\/)examples\.jsonl$/.test(path));
  if (!head) return undefined;
  const parsed = v.safeParse(headSchema, recordsOf(head.path, head.text)[0]?.record);
  if (!parsed.success) return undefined;
  const examples: NativeExample[] = [];
  const refused: RefusedRow[] = [];
  for (const { row, record } of rows && rows.text.trim() !== '' ? recordsOf(rows.path, rows.text) : []) {
    const read = v.safeParse(exampleSchema, record);
    if (read.success) examples.push(read.output);
    else refused.push({ row, reason: `${v.getDotPath(read.issues[0]) ?? 'the row'}: ${read.issues[0].message}` });
  }
  return { head: parsed.output, examples, refused };
}

/** As far as a preview shows it. */
export function rawOf(example: NativeExample, row: number): RawExample {
  const { question, answer, thought, passage, headings, documentKey, negatives, split: part, kind } = example;
  return {
    row,
    question,
    answer,
    ...(thought && { thought }),
    passage,
    headings,
    document: documentKey,
    quotes: [],
    negatives,
    split: part,
    ...(kind && { kind }),
  };
}
