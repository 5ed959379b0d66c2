import { readFileSync } from 'node:fs';
import { attack, cranfield, type RetrievalSet } from '../../bench/retrieval/sets.ts';
import { handbookPassages } from '../library.ts';
import type { SourcePassage } from '../../../src/datasets/generation/passage-writer.ts';

/** Passages to ask about, and people's questions to test with. */
export interface Corpus {
  name: string;
  /** In the order of the documents; the id of a chunk is its index. */
  passages: SourcePassage[];
  /** By people, with the passages that answer each: seen by the test alone. */
  test: RetrievalSet['questions'];
}

const QUESTIONS = '../shared/data/handbook/questions.jsonl';

export async function corpus(name: string): Promise<Corpus> {
  switch (name) {
    case 'handbook':
      return handbook();
    case 'cranfield':
      return ofSet(cranfield());
    case 'attackqa-like':
      return ofSet(attack());
    default:
      throw new Error(`There is no corpus ${name}: handbook, cranfield or attackqa-like.`);
  }
}

/**
 * The handbook's files cut as the app cuts them. A passage answers a question when it holds one of its quotes, or the
 * largest part of one that was cut in two.
 */
async function handbook(): Promise<Corpus> {
  const passages = (await handbookPassages()).map(({ path, headings, text }, i) => source(i, path, headings, text));
  const rows = readFileSync(QUESTIONS, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { question: string; quotes: string[]; doc_ids: string[] });
  const plain = passages.map(({ chunk }) => words(chunk.text));
  const test = rows.map(({ question, quotes, doc_ids }) => {
    const own = passages.flatMap(({ documentKey }, i) => (doc_ids.includes(documentKey) ? [i] : []));
    const relevant = quotes.flatMap((quote) => {
      const asked = words(quote);
      return own.filter(
        (i) => asked !== '' && (plain[i]!.includes(asked) || (plain[i]!.length > 40 && asked.includes(plain[i]!))),
      );
    });
    return { text: question.trim(), relevant: new Set(relevant) };
  });
  return { name: 'handbook', passages, test: test.filter(({ relevant }) => relevant.size > 0) };
}

/** Every document of these sets is one passage. */
function ofSet({ name, passages, questions }: RetrievalSet): Corpus {
  return { name, passages: passages.map((text, i) => source(i, `document ${i}`, [], text)), test: questions };
}

function source(place: number, documentKey: string, headings: string[], text: string): SourcePassage {
  return { chunk: { id: String(place), documentId: documentKey, headings, text }, documentKey, place };
}

function words(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
}
