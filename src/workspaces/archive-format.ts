import * as v from 'valibot';
import { workspaceAdaptersSchema } from './tuning-format.ts';

/**
 * Layout of an exported workspace (version 1):
 *
 * - `manifest.json`: what this is, in which version, how much of everything.
 * - `documents.jsonl`, `texts.jsonl`, `chunks.jsonl`, `chats.jsonl`, `messages.jsonl`: a row per line as in
 *   `storage/schema.ts`, without the workspace's id.
 * - `originals/<path>`: the files as they were added, under the path that they have in the workspace.
 * - what tuning made, described in `tuning-format.ts`: optional.
 * - `vectors.json`, `vectors/<folder>/<file>`: optional, the vector indexes.
 *
 * Keys of endpoints lie in a table of their own and are never written.
 */
export const FORMAT = 'attune-workspace';
export const VERSION = 1;

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const problem = v.object({ code: v.string(), message: v.string(), wayOut: v.string() });
const documentId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
export const chunkIdPattern = /^([0-9a-f]{32})-[0-9a-f]{16}-(\d{1,9})$/;
const chunkId = v.pipe(v.string(), v.regex(chunkIdPattern));
/** No empty, '.' or '..' part: such a path would mean another place when somebody unpacks the archive. */
const path = v.pipe(
  v.string(),
  v.maxLength(4096),
  v.check((value) => value.split('/').every((part) => !['', '.', '..'].includes(part)), 'not a plain path'),
);

export const manifestSchema = v.object({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  exportedAt: whole,
  workspace: v.object({
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    settings: v.objectWithRest(
      { adapters: v.optional(workspaceAdaptersSchema) },
      v.union([v.string(), v.number(), v.boolean()]),
    ),
  }),
  counts: v.object({ documents: whole, chunks: whole, chats: whole, messages: whole }),
});
export type Manifest = v.InferOutput<typeof manifestSchema>;

export const documentSchema = v.object({
  id: documentId,
  path,
  name: v.string(),
  folder: v.string(),
  format: v.picklist(['text', 'markdown', 'html', 'pdf', 'docx', 'epub', 'csv', 'json', 'jsonl', 'code']),
  bytes: whole,
  contentHash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  status: v.picklist(['waiting', 'reading', 'ready', 'failed']),
  problem: v.optional(problem),
  title: v.optional(v.string()),
  language: v.optional(v.pipe(v.string(), v.maxLength(8))),
  pageCount: v.optional(whole),
  chunkCount: whole,
  addedAt: whole,
});

export const textSchema = v.object({
  documentId,
  text: v.string(),
  blocks: v.array(
    v.object({
      kind: v.picklist(['heading', 'paragraph', 'list', 'table', 'code', 'quote']),
      start: whole,
      end: whole,
      level: v.optional(v.pipe(whole, v.minValue(1), v.maxValue(6))),
      page: v.optional(whole),
    }),
  ),
  pageStarts: v.optional(v.array(whole)),
});

export const chunkSchema = v.pipe(
  v.object({
    id: chunkId,
    documentId,
    ordinal: whole,
    start: whole,
    end: whole,
    text: v.string(),
    headings: v.array(v.string()),
    page: v.optional(whole),
    tokens: whole,
    nearDuplicateOf: v.optional(chunkId),
  }),
  v.check(({ start, end, text }) => end - start === text.length, 'offsets do not fit the text'),
);

export const chatSchema = v.object({ id: v.string(), title: v.string(), createdAt: whole, updatedAt: whole });

/** Only what names other rows is taken apart; the rest is plain data that screens show as text. */
export const messageSchema = v.looseObject({
  id: v.string(),
  chatId: v.string(),
  role: v.picklist(['user', 'assistant']),
  text: v.string(),
  createdAt: whole,
  passages: v.optional(
    v.array(v.looseObject({ chunkId: v.string(), documentId: v.string(), number: whole, text: v.string() })),
  ),
});

export const vectorIndexesSchema = v.array(
  v.object({ embedderId: v.string(), dimensions: v.pipe(whole, v.minValue(1), v.maxValue(16_384)), count: whole }),
);
