import { isUnanswerable } from '../../datasets/in-use.ts';
import { chunkHash } from '../../ingest/hashing.ts';
import type { SearchablePassage } from '../../retrieval/passage-search.ts';
import type { AttuneDatabase } from '../../storage/database.ts';
import type { ChunkRow, ExampleRow } from '../../storage/schema.ts';
import { contentKey } from './cache.ts';

/** What is searched: the workspace's passages, and those of the data set that are not among them. */
export interface Corpus {
  passages: SearchablePassage[];
  /** For each passage the first one that says the same (equal text, or a near-duplicate). */
  originals: number[];
  /** Over texts, order and documents: equal corpora of two workspaces are the same. */
  hash: string;
  /**
   * Right passages of each example, as `originals`: those of the same question in other rows count too. None for an
   * unanswerable one, whose passage looks right and lacks the answer.
   */
  right: Map<string, Set<number>>;
}

/** Shorter texts stand in longer ones by chance. */
const LEAST_CONTAINED = 40;

/** @param examples all rows of the data set that are in use: passages of other questions are searched too */
export async function readCorpus(
  db: AttuneDatabase,
  workspaceId: string,
  examples: readonly ExampleRow[],
): Promise<Corpus> {
  const passages = await workspacePassages(db, workspaceId);
  const finder = new PassageFinder(passages);
  const found = new Map<string, number[]>();
  for (const example of examples) {
    const wanted = [
      { text: example.passage, headings: example.headings, documentKey: example.documentKey, chunkId: example.chunkId },
      ...(example.morePassages ?? []),
    ];
    found.set(example.id, [...new Set(wanted.flatMap((passage) => finder.placesOf(passage)))]);
  }
  const originals = originalsOf(passages);
  const right = new Map(examples.map(({ id }) => [id, new Set(found.get(id)!.map((place) => originals[place]!))]));
  joinEqualQuestions(examples, right);
  const hash = contentKey(
    'search',
    passages.map(({ chunk, path }) => [path, chunk.ordinal, chunk.hash, chunk.nearDuplicateOf !== undefined]),
  );
  return { passages, originals, hash, right };
}

/** In the order of documents by path and of the passages within. */
async function workspacePassages(db: AttuneDatabase, workspaceId: string): Promise<SearchablePassage[]> {
  const documents = await db.documents.where('workspaceId').equals(workspaceId).sortBy('path');
  const chunks = await db.chunks.where('workspaceId').equals(workspaceId).toArray();
  const byDocument = new Map<string, ChunkRow[]>(documents.map(({ id }) => [id, []]));
  for (const chunk of chunks) byDocument.get(chunk.documentId)?.push(chunk);
  return documents.flatMap(({ id, name, path, language }) =>
    byDocument
      .get(id)!
      .sort((a, b) => a.ordinal - b.ordinal)
      .map((chunk) => ({ chunk, documentName: name, path, language })),
  );
}

interface WantedPassage {
  text: string;
  headings: readonly string[];
  documentKey: string;
  chunkId?: string | undefined;
}

/** Finds the passages of a data set among those of the workspace, by id, then by text; adds those that are not there. */
class PassageFinder {
  readonly #passages: SearchablePassage[];
  readonly #byId: Map<string, number>;
  readonly #byText = new Map<string, number>();
  readonly #byPath = new Map<string, number[]>();

  constructor(passages: SearchablePassage[]) {
    this.#passages = passages;
    this.#byId = new Map(passages.map(({ chunk }, place) => [chunk.id, place]));
    passages.forEach(({ chunk, path }, place) => {
      const text = plain(chunk.text);
      if (!this.#byText.has(text)) this.#byText.set(text, place);
      if (!this.#byPath.has(path)) this.#byPath.set(path, []);
      this.#byPath.get(path)!.push(place);
    });
  }

  placesOf(wanted: WantedPassage): number[] {
    const byId = wanted.chunkId === undefined ? undefined : this.#byId.get(wanted.chunkId);
    if (byId !== undefined) return [byId];
    const text = plain(wanted.text);
    const byText = this.#byText.get(text);
    if (byText !== undefined) return [byText];
    // The document was cut anew since: the passage that holds it, or all that it is made of.
    const within = (this.#byPath.get(wanted.documentKey) ?? []).filter((place) => {
      const other = plain(this.#passages[place]!.chunk.text);
      const [short, long] = other.length < text.length ? [other, text] : [text, other];
      return short.length >= LEAST_CONTAINED && long.includes(short);
    });
    return within.length > 0 ? within : [this.#add(wanted, text)];
  }

  /** A passage of its own: it joins no neighbours. */
  #add({ text, headings, documentKey }: WantedPassage, key: string): number {
    const place = this.#passages.length;
    const hash = chunkHash({ text, headings: [...headings] });
    const chunk: ChunkRow = {
      id: `passage-${hash}`,
      workspaceId: '',
      documentId: `passage-${hash}`,
      ordinal: 0,
      start: 0,
      end: text.length,
      text,
      headings: [...headings],
      tokens: Math.ceil(text.length / 4),
      hash,
    };
    this.#passages.push({ chunk, documentName: documentKey, path: documentKey });
    this.#byText.set(key, place);
    return place;
  }
}

function originalsOf(passages: readonly SearchablePassage[]): number[] {
  const known = new Map<string, number>();
  return passages.map(({ chunk }, place) => {
    const names = [chunk.nearDuplicateOf ?? chunk.id, chunk.hash];
    const original = names.map((name) => known.get(name)).find((other) => other !== undefined) ?? place;
    for (const name of names) if (!known.has(name)) known.set(name, original);
    return original;
  });
}

/** The same question may stand in several rows, with a passage each: all of them are right. */
function joinEqualQuestions(examples: readonly ExampleRow[], right: Map<string, Set<number>>): void {
  const byQuestion = new Map<string, Set<number>>();
  for (const example of examples) {
    const all = byQuestion.get(plain(example.question)) ?? new Set<number>();
    if (!isUnanswerable(example)) for (const place of right.get(example.id)!) all.add(place);
    byQuestion.set(plain(example.question), all);
  }
  for (const example of examples) right.set(example.id, byQuestion.get(plain(example.question))!);
}

export function plain(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim();
}
