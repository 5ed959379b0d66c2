import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { seededRandom, shuffled } from '../../src/engine/training/random.ts';
import { isClutter } from '../../src/ingest/formats.ts';

/** A document as it is dropped into the app. */
export interface DemoDocument {
  /** With '/' between; the folder is its subject. */
  path: string;
  bytes: Uint8Array;
}

/** A line of the file of questions that the app imports. */
export interface DemoQuestion {
  question: string;
  /** Absent: nobody says what is right, as where a set is for ranking alone; '': the documents do not say. */
  answer?: string;
  /** Paths of the documents that answer it, at least one. */
  documents: string[];
}

export interface DemoQuestions {
  questions: DemoQuestion[];
  /** Questions of the file of which a document is missing. */
  leftOut: number;
}

const text = v.union([
  v.string(),
  v.pipe(
    v.number(),
    v.transform((value) => String(value)),
  ),
]);
const texts = v.pipe(
  v.union([v.array(text), text]),
  v.transform((value) => (Array.isArray(value) ? value : [value])),
);
const documentLine = v.object({
  id: text,
  title: v.optional(v.string(), ''),
  text: v.string(),
  subject: v.optional(text, ''),
});
const questionLine = v.object({
  question: v.pipe(v.string(), v.trim(), v.minLength(1, 'the question is empty')),
  answer: v.optional(v.string()),
  documents: texts,
});

/** Other names of the same things: BEIR's and those of question sets that people have. */
const ALIASES: Record<string, string> = {
  _id: 'id',
  doc_id: 'id',
  subject_id: 'subject',
  doc_ids: 'documents',
  relevant_doc_ids: 'documents',
  document: 'documents',
  query: 'question',
};

/**
 * Documents of a folder, or of a JSONL file (one text document each, its subject as the folder).
 *
 * @returns documents with their ids: the path of a file below the folder, the id of a line
 * @throws Error naming the file and line
 */
export function readDocuments(path: string): Map<string, DemoDocument> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new Error(`There is no ${path}: --docs takes a folder, or a JSONL file of {id, title, text}.`);
  if (found.isDirectory()) {
    const files = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((name) => !isClutter(name))
      .sort();
    if (files.length === 0) throw new Error(`The folder ${path} has no files.`);
    return new Map(files.map((name) => [name, { path: name, bytes: readFileSync(join(path, name)) }]));
  }
  const documents = new Map<string, DemoDocument>();
  const taken = new Set<string>();
  for (const [line, record] of readLines(path)) {
    const { id, title, text: body, subject } = parse(documentLine, record, `${path}, line ${line}`);
    const whole = title !== '' && !body.startsWith(title) ? `${title}\n\n${body}` : body;
    if (whole.trim() === '') continue;
    const name = untaken(`${subject === '' ? '' : `${fileName(subject)}/`}${fileName(id)}`, taken);
    documents.set(id, { path: `${name}.txt`, bytes: new TextEncoder().encode(whole) });
  }
  if (documents.size === 0) throw new Error(`No line of ${path} is a document.`);
  return documents;
}

/**
 * Questions whose documents are all there, by the documents' paths: with some of them missing, a search that finds the
 * others would be scored as if it had found all.
 *
 * @param documents by id
 * @throws Error naming the file and line, or when no question is on any of the documents
 */
export function readQuestions(path: string, documents: ReadonlyMap<string, DemoDocument>): DemoQuestions {
  let leftOut = 0;
  const questions: DemoQuestion[] = [];
  for (const [line, record] of readLines(path)) {
    const { question, answer, documents: ids } = parse(questionLine, record, `${path}, line ${line}`);
    const paths = ids.flatMap((id) => documents.get(id)?.path ?? []);
    if (paths.length === 0 || paths.length < ids.length) leftOut++;
    else questions.push({ question, ...(answer !== undefined && { answer }), documents: paths });
  }
  if (questions.length > 0) return { questions, leftOut };
  throw new Error(`No question of ${path} names a document that is there by its id or path (doc_ids).`);
}

/**
 * A sample of the documents: those that questions are on come first, so that a small one still has questions.
 *
 * @param limit undefined: all
 */
export function sampleDocuments(
  documents: ReadonlyMap<string, DemoDocument>,
  asked: ReadonlySet<string>,
  limit: number | undefined,
  seed: number,
): Map<string, DemoDocument> {
  if (limit === undefined || documents.size <= limit) return new Map(documents);
  const drawn = shuffled([...documents], seededRandom(seed, 0, 0x646f6373));
  const first = drawn.filter(([id]) => asked.has(id));
  const rest = drawn.filter(([id]) => !asked.has(id));
  return new Map([...first, ...rest].slice(0, limit));
}

/** Ids that questions name, to draw documents by. */
export function askedIds(path: string): Set<string> {
  return new Set(
    [...readLines(path)].flatMap(([line, record]) => parse(questionLine, record, `${path}, line ${line}`).documents),
  );
}

/** Lines of a JSONL file, packed by gzip or not, with their numbers from 1; empty ones are passed over. */
function* readLines(path: string): Generator<[number, unknown]> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) throw new Error(`There is no file ${path}.`);
  const bytes = readFileSync(path);
  const lines = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8').split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      throw new Error(`${path}, line ${i + 1} is no JSON: ${line.slice(0, 60)}`);
    }
    yield [i + 1, renamed(record)];
  }
}

function renamed(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return record;
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [ALIASES[key] ?? key, value]));
}

function parse<S extends v.GenericSchema>(schema: S, record: unknown, place: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, record);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${place}: ${v.getDotPath(issue) ?? 'the line'}: ${issue.message}`);
}

/** A dot in front would hide a file, and two of them would leave the folder; 80 letters are 240 bytes at most. */
function fileName(id: string): string {
  const name = id.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^\.+/, '');
  return name.slice(0, 80) || 'document';
}

/** Ids that differ may come to one name, for the file system also by capitals or by how an accent is written. */
function untaken(name: string, taken: Set<string>): string {
  const plain = (text: string) => text.normalize('NFC').toLowerCase();
  let free = name;
  for (let n = 2; taken.has(plain(free)); n++) free = `${name}-${n}`;
  taken.add(plain(free));
  return free;
}
