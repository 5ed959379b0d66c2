import type { ChunkRow, DocumentRow } from '../storage/schema.ts';
import type { RawExample } from './formats/columns.ts';
import { wordsOf } from './words.ts';

type Passage = Pick<ChunkRow, 'id' | 'documentId' | 'text' | 'headings'>;

/** Words looked for in one go, and how many places of a text are tried. */
const WINDOW = 6;
const PROBES = 12;

/** Least share of the words of the shorter text, taken three by three, that both have: an edition or a cut may differ. */
const LEAST_COMMON = { quote: 0.8, passage: 0.6 };

interface Target {
  row: number;
  words: string[];
  least: number;
  /** Documents that the row names; absent: any. */
  documents: ReadonlySet<string> | undefined;
  best?: { passage: Passage; common: number; answers: boolean };
  answer: string;
}

/** A row that names its document and nothing of what stands in it. */
interface DocumentTarget {
  row: number;
  documents: ReadonlySet<string>;
  /** Words of question and answer. */
  words: ReadonlySet<string>;
  answer: string;
  best?: { passage: Passage; score: number };
}

/**
 * Finds the passage of the workspace that each row means: the one that holds its quote, or the one whose text is its
 * passage, whatever the case, the punctuation and the line breaks. A row with neither that names a document means the
 * passage of it that has the answer, or else most words of question and answer. Passages are seen once, so they may come
 * from a cursor.
 *
 * @returns the passage of each row, undefined where there is none
 */
export async function attachPassages(
  rows: readonly RawExample[],
  documents: readonly Pick<DocumentRow, 'id' | 'path' | 'name' | 'title'>[],
  passages: AsyncIterable<Passage> | Iterable<Passage>,
): Promise<(Passage | undefined)[]> {
  const targets = rows.flatMap((row, index) => targetOf(row, index, documents) ?? []);
  const probes = indexProbes(targets);
  const byDocument = indexDocuments(rows.flatMap((row, index) => documentTargetOf(row, index, documents) ?? []));
  for await (const passage of passages) {
    const words = wordsOf(passage.text);
    for (const target of byDocument.get(passage.documentId) ?? []) considerWithin(target, passage, words);
    const met = new Set<Target>();
    for (const [length, byWords] of probes) {
      for (let at = 0; at + length <= words.length; at++) {
        for (const target of byWords.get(words.slice(at, at + length).join(' ')) ?? []) met.add(target);
      }
    }
    for (const target of met) {
      if (!target.documents || target.documents.has(passage.documentId)) consider(target, passage, words);
    }
  }
  const found = new Map([...targets, ...[...byDocument.values()].flat()].map(({ row, best }) => [row, best?.passage]));
  return rows.map((_, row) => found.get(row));
}

function targetOf(row: RawExample, index: number, documents: Parameters<typeof attachPassages>[1]): Target | undefined {
  const quote = row.quotes.toSorted((a, b) => b.length - a.length)[0];
  const words = wordsOf(row.passage ?? quote ?? '');
  if (words.length === 0) return undefined;
  const named = row.document && documents.filter((document) => isCalled(document, row.document!));
  return {
    row: index,
    words,
    least: row.passage ? LEAST_COMMON.passage : LEAST_COMMON.quote,
    documents: named && named.length > 0 ? new Set(named.map(({ id }) => id)) : undefined,
    answer: ` ${wordsOf(row.answer).join(' ')} `,
  };
}

function documentTargetOf(
  row: RawExample,
  index: number,
  documents: Parameters<typeof attachPassages>[1],
): DocumentTarget | undefined {
  if (row.passage !== undefined || row.quotes.length > 0 || row.document === undefined) return undefined;
  const named = documents.filter((document) => isCalled(document, row.document!));
  if (named.length === 0) return undefined;
  return {
    row: index,
    documents: new Set(named.map(({ id }) => id)),
    words: new Set(wordsOf(`${row.question} ${row.answer}`)),
    answer: ` ${wordsOf(row.answer).join(' ')} `,
  };
}

function indexDocuments(targets: readonly DocumentTarget[]): Map<string, DocumentTarget[]> {
  const byDocument = new Map<string, DocumentTarget[]>();
  for (const target of targets) {
    for (const id of target.documents) {
      const known = byDocument.get(id);
      if (known) known.push(target);
      else byDocument.set(id, [target]);
    }
  }
  return byDocument;
}

/** An answer that stands there counts for more than any number of words. */
function considerWithin(target: DocumentTarget, passage: Passage, words: readonly string[]): void {
  const there = new Set(words);
  const common = [...target.words].filter((word) => there.has(word)).length / Math.max(1, target.words.size);
  const answers = target.answer.length > 2 && ` ${words.join(' ')} `.includes(target.answer);
  const score = common + Number(answers);
  if (!target.best || score > target.best.score) target.best = { passage, score };
}

function isCalled({ path, name, title }: Parameters<typeof attachPassages>[1][number], called: string): boolean {
  const plain = (text: string) => text.toLowerCase().normalize('NFC');
  const wanted = plain(called);
  return (
    [path, name, title ?? ''].some((text) => text !== '' && plain(text) === wanted) ||
    plain(path).endsWith(`/${wanted}`)
  );
}

/** Windows of words, evenly spread over each text, by their length and their words. */
function indexProbes(targets: readonly Target[]): Map<number, Map<string, Target[]>> {
  const probes = new Map<number, Map<string, Target[]>>();
  for (const target of targets) {
    const length = Math.min(WINDOW, target.words.length);
    const byWords = probes.get(length) ?? new Map<string, Target[]>();
    probes.set(length, byWords);
    const last = target.words.length - length;
    const count = Math.min(PROBES, last + 1);
    for (let i = 0; i < count; i++) {
      const at = count === 1 ? 0 : Math.round((i * last) / (count - 1));
      const key = target.words.slice(at, at + length).join(' ');
      const known = byWords.get(key);
      if (!known) byWords.set(key, [target]);
      else if (known.at(-1) !== target) known.push(target);
    }
  }
  return probes;
}

/** Keeps the passage if it has more of the text than the best so far; one that has the answer goes first. */
function consider(target: Target, passage: Passage, words: string[]): void {
  const [own, other] = [triples(target.words), triples(words)];
  let common = 0;
  for (const triple of own) if (other.has(triple)) common++;
  // Two words are one probe, which was found; in any document they would be found by chance.
  if (target.words.length < 3 && target.documents) common = own.size;
  if (common < target.least * Math.min(own.size, other.size)) return;
  const answers = target.answer.length > 2 && ` ${words.join(' ')} `.includes(target.answer);
  const { best } = target;
  const better = !best || (answers !== best.answers ? answers : common > best.common);
  if (better) target.best = { passage, common, answers };
}

/** Shorter texts count as one. */
function triples(words: readonly string[]): Set<string> {
  if (words.length < 3) return new Set([words.join(' ')]);
  return new Set(words.slice(2).map((word, i) => `${words[i]} ${words[i + 1]} ${word}`));
}
