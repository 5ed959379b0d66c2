import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chunkDocument } from '../../src/ingest/chunk/chunker.ts';
import { parseMarkdownText } from '../../src/ingest/parse/markdown.ts';
import { chunkSettings } from '../../src/ingest/settings.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { createTokenizer } from '../../src/models/tokenizer.ts';
import type { AskServices } from '../../src/chat/contract.ts';
import type { Embedder, SearchHit } from '../../src/retrieval/contract.ts';
import { passageText } from '../../src/retrieval/passage-text.ts';
import { loadXquad } from '../calibrate/xquad.ts';

const HANDBOOK = '../shared/data/handbook/files';

interface Passage {
  path: string;
  headings: string[];
  text: string;
  start: number;
  end: number;
}

/** A question for the answer model; `gold` is the answer as it stands in the passage, where the set has one. */
export interface DevQuestion {
  question: string;
  gold?: string;
}

/** Passages of the handbook's files, cut as the app cuts them. */
export async function handbookPassages(): Promise<Passage[]> {
  if (!existsSync(HANDBOOK)) throw new Error(`${HANDBOOK} is missing: put the handbook's Markdown files there.`);
  const tokenizer = await createTokenizer(await starterModelFiles('all-MiniLM-L6-v2'));
  const paths = readdirSync(HANDBOOK, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
  return paths.sort().flatMap((path) => {
    const document = parseMarkdownText(readFileSync(`${HANDBOOK}/${path}`, 'utf8'));
    const options = { settings: chunkSettings(), count: (text: string) => tokenizer.count(text) };
    return [...chunkDocument(document, options)].map((chunk) => ({ path, ...chunk }));
  });
}

/** Paragraphs of the first half of XQuAD's articles, and every n-th question on them. */
export function xquadPassages(everyNth: number): { passages: Passage[]; questions: DevQuestion[] } {
  const { train } = loadXquad();
  const passages = train.map(({ article, text }) => ({
    path: article,
    headings: [],
    text,
    start: 0,
    end: text.length,
  }));
  const all = train.flatMap(({ questions, answers }) =>
    questions.map((question, i) => ({ question, gold: answers[i]! })),
  );
  return { passages, questions: all.filter((_, index) => index % everyNth === 0) };
}

/** Dense search over passages in memory: enough to try answers without a browser. */
export async function inMemoryRetrieval(embedder: Embedder, passages: Passage[]): Promise<AskServices['retrieval']> {
  const width = embedder.dimensions;
  const vectors = await embedder.embed(passages.map(passageText), 'passage');
  const cosines = (a: Float32Array, rows: number, b: Float32Array, columns: number) =>
    Float32Array.from({ length: rows * columns }, (_, index) => {
      const [row, column] = [Math.floor(index / columns) * width, (index % columns) * width];
      let sum = 0;
      for (let d = 0; d < width; d++) sum += a[row + d]! * b[column + d]!;
      return sum;
    });
  return {
    async search({ query, limit }) {
      const scores = cosines(await embedder.embed([query], 'query'), 1, vectors, passages.length);
      const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, limit);
      const hits = order.map((index, at): SearchHit => {
        const { path, ...passage } = passages[index]!;
        const place = { rank: at + 1, score: scores[index]! };
        const id = String(index);
        const name = path.split('/').at(-1)!;
        return {
          ...passage,
          chunkId: id,
          chunkIds: [id],
          documentId: path,
          documentName: name,
          path,
          score: place.score,
          dense: place,
          fused: place,
          matchedWords: [],
        };
      });
      return { hits, milliseconds: { embed: 0, dense: 0, lexical: 0, rerank: 0, total: 0 }, chunksWithoutVector: 0 };
    },
    async similarities(sentences, texts) {
      const rows = await embedder.embed([...sentences, ...texts], 'passage');
      return cosines(rows, sentences.length, rows.subarray(sentences.length * width), texts.length);
    },
  };
}
