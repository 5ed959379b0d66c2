import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ExampleRow } from '../../../src/storage/schema.ts';

/** Passages and questions, with the passages (by index) that answer each question. */
export interface RetrievalSet {
  name: string;
  passages: string[];
  questions: { text: string; relevant: Set<number> }[];
}

const DATA = '../shared/data';

/** SQuAD paragraphs with the questions of XQuAD's English part: 240 paragraphs, 1,190 questions. */
export function xquad(): RetrievalSet {
  interface Article {
    paragraphs: { context: string; qas: { question: string }[] }[];
  }
  const { data } = JSON.parse(read('xquad-en/xquad.en.json').toString()) as { data: Article[] };
  const paragraphs = data.flatMap((article) => article.paragraphs);
  return {
    name: 'xquad-en',
    passages: paragraphs.map(({ context }) => context),
    questions: paragraphs.flatMap(({ qas }, i) =>
      qas.map(({ question }) => ({ text: question.trim(), relevant: new Set([i]) })),
    ),
  };
}

/** Abstracts on aerodynamics with real queries: 1,400 abstracts, 225 queries, several relevant ones each. */
export function cranfield(): RetrievalSet {
  const documents = lines<{ id: string; title: string; text: string }>('cranfield/docs.jsonl.gz');
  const queries = lines<{ question: string; doc_ids: string[] }>('cranfield/questions.jsonl.gz');
  const number = new Map(documents.map(({ id }, i) => [id, i]));
  const questions = queries.map(({ question, doc_ids }) => ({
    text: question.trim(),
    relevant: new Set(doc_ids.flatMap((id) => number.get(id) ?? [])),
  }));
  return {
    name: 'cranfield',
    passages: documents.map(({ title, text }) => `${title}\n${text}`),
    questions: questions.filter(({ relevant }) => relevant.size > 0),
  };
}

interface AttackPair {
  question: string;
  passage: string;
  subject: string;
}

/** Sources whose passages are prose; the others are lists of links between things. */
const PROSE = new Set([
  'relationships_uses_software',
  'relationships_detects',
  'relationships_mitigations',
  'techniques',
  'software',
  'groups',
  'campaigns',
]);

/**
 * Questions on attack techniques: 500 questions, pool of 3,000 passages, the header line of each passage stripped. Test
 * subjects occur nowhere in the train part; the pool is filled up with passages of the train part.
 */
export function attack(): RetrievalSet {
  const { test, train } = splitBySubject(attackPairs(), 500);
  return attackSet('attackqa-like', test, train);
}

/** Questions with their passages from the train part: none of the test part's subjects. */
export function attackTrainPairs(): { question: string; passage: string }[] {
  const { train } = splitBySubject(attackPairs(), 500);
  return train.map(({ question, passage }) => ({ question: question.trim(), passage }));
}

/** The first of them as rows of a data set, those behind `train` for validation. */
export function attackTrainRows(train: number, validation: number): ExampleRow[] {
  return attackTrainPairs()
    .slice(0, train + validation)
    .map(({ question, passage }, i) => ({
      ...{ id: String(i), datasetId: 'pairs', workspaceId: 'pairs', ordinal: i, kind: 'fact', question, passage },
      ...{ split: i < train ? 'train' : 'validation', answer: '', headings: [], documentKey: String(i), negatives: [] },
    }));
}

/** The same from the train part alone, split by subject once more: what settings are chosen on. */
export function attackTrain(): RetrievalSet {
  const { test, train } = splitBySubject(splitBySubject(attackPairs(), 500).train, 500);
  return attackSet('attackqa-like, train part', test, train);
}

function attackSet(name: string, test: AttackPair[], train: AttackPair[]): RetrievalSet {
  const pool = [...test, ...train.slice(0, Math.max(0, 3000 - test.length))];
  return {
    name,
    passages: pool.map(({ passage }) => passage),
    questions: test.slice(0, 500).map(({ question }, i) => ({ text: question.trim(), relevant: new Set([i]) })),
  };
}

function attackPairs(): AttackPair[] {
  const corpus = lines<{ doc_id: string; text: string; subject_id: string }>('attackqa-like/corpus.jsonl.gz');
  const byId = new Map(corpus.map((document) => [document.doc_id, document]));
  const qa = lines<{ question: string; relevant_doc_ids: string[]; source: string }>('attackqa-like/qa.jsonl.gz');
  const seen = new Set<string>();
  const pairs = qa.flatMap(({ question, relevant_doc_ids, source }): AttackPair[] => {
    const document = byId.get(relevant_doc_ids[0]!)!;
    const passage = withoutHeader(document.text);
    if (!PROSE.has(source) || passage.length <= 20 || seen.has(passage)) return [];
    seen.add(passage);
    return [{ question, passage, subject: document.subject_id }];
  });
  return shuffle(pairs, 42);
}

/** The header names subject and object, so with it the question would be answered by its own words. */
function withoutHeader(text: string): string {
  const end = text.indexOf(':\n');
  return end > 0 && end < 260 ? text.slice(end + 2).trim() : text;
}

/** Whole subjects go to the test part until it has `wanted` pairs. */
function splitBySubject(pairs: AttackPair[], wanted: number): { test: AttackPair[]; train: AttackPair[] } {
  const sizes = new Map<string, number>();
  for (const { subject } of pairs) sizes.set(subject, (sizes.get(subject) ?? 0) + 1);
  const chosen = new Set<string>();
  let size = 0;
  for (const subject of shuffle([...sizes.keys()].sort(), 9)) {
    if (size >= wanted) break;
    chosen.add(subject);
    size += sizes.get(subject)!;
  }
  return {
    test: pairs.filter(({ subject }) => chosen.has(subject)),
    train: pairs.filter(({ subject }) => !chosen.has(subject)),
  };
}

/** Fisher-Yates with a linear congruential generator (Numerical Recipes), so that every run has the same parts. */
function shuffle<T>(items: T[], seed: number): T[] {
  let state = seed;
  for (let i = items.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

function lines<T>(path: string): T[] {
  return gunzipSync(read(path))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function read(path: string): Buffer {
  const file = join(DATA, path);
  if (!existsSync(file))
    throw new Error(`${file} is not there: the retrieval bench needs the shared data beside the repository.`);
  return readFileSync(file);
}
