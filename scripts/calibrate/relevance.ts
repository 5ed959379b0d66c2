/**
 * Fits "the documents answer this" (src/chat/prompt/relevance.ts) and prints the figures of docs/adr/0051.
 *
 * Run: npx tsx scripts/calibrate/relevance.ts
 *
 * Each half of the articles is the library of one run. Answerable: its own questions. Unrelated: the questions of the
 * articles that it lacks. Near miss: its own questions with the answering paragraph taken out.
 */
import { contentWords, coverage } from '../../src/chat/text/words.ts';
import { nodeRuntime } from '../../src/engine/runtime/node.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import type { Embedder } from '../../src/retrieval/contract.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';
import { areaUnderCurve, fitLogistic, printThresholds, probability, type Case } from './logistic.ts';
import { loadXquad, type Paragraph } from './xquad.ts';

const PASSAGES_LOOKED_AT = 3;

interface Library {
  paragraphs: Paragraph[];
  vectors: Float32Array;
}

const { train, test } = loadXquad();
const embedder = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), { runtime: nodeRuntime() });

const fitted = await casesOf(train);
const weights = fitLogistic([...fitted.answerable, ...fitted.unrelated]);
const lexical = fitLogistic([...fitted.answerable, ...fitted.unrelated].map(onlyWords));
console.log(`weights: similarity, coverage, bias = ${weights.map((weight) => weight.toFixed(2)).join(', ')}`);
console.log(`words only: coverage, bias = ${lexical.map((weight) => weight.toFixed(2)).join(', ')}\n`);
for (const [name, cases] of [
  ['fitted articles', fitted],
  ['held-out articles', await casesOf(test)],
] as const) {
  const scored = (list: Case[]) =>
    list.map(({ features, positive }) => ({ score: probability(weights, features), positive }));
  printThresholds(`${name}, unrelated questions`, scored([...cases.answerable, ...cases.unrelated]));
  printThresholds(`${name}, near misses`, scored([...cases.answerable, ...cases.nearMiss]));
  for (const index of [0, 1]) {
    const one = [...cases.answerable, ...cases.unrelated].map((c) => ({
      score: c.features[index]!,
      positive: c.positive,
    }));
    console.log(`  AUC of ${['similarity', 'coverage'][index]} alone ${areaUnderCurve(one).toFixed(4)}`);
  }
  const words = [...cases.answerable, ...cases.unrelated].map(onlyWords);
  printThresholds(
    `${name}, words only, unrelated questions`,
    words.map(({ features, positive }) => ({ score: probability(lexical, features), positive })),
  );
}

async function casesOf(paragraphs: Paragraph[]): Promise<{ answerable: Case[]; unrelated: Case[]; nearMiss: Case[] }> {
  const articles = [...new Set(paragraphs.map(({ article }) => article))];
  const inFirst = new Set(articles.slice(0, articles.length >> 1));
  const parts = [paragraphs.filter((p) => inFirst.has(p.article)), paragraphs.filter((p) => !inFirst.has(p.article))];
  const result = { answerable: [] as Case[], unrelated: [] as Case[], nearMiss: [] as Case[] };
  for (const [own, other] of [parts, [...parts].reverse()] as [Paragraph[], Paragraph[]][]) {
    const vectors = await embedder.embed(
      own.map(({ text }) => text),
      'passage',
    );
    const library = { paragraphs: own, vectors };
    for (const [index, paragraph] of own.entries()) {
      result.answerable.push(...(await casesFor(embedder, paragraph.questions, library, true)));
      result.nearMiss.push(...(await casesFor(embedder, paragraph.questions, library, false, index)));
    }
    for (const paragraph of other)
      result.unrelated.push(...(await casesFor(embedder, paragraph.questions, library, false)));
  }
  return result;
}

async function casesFor(
  { embed, dimensions }: Embedder,
  questions: string[],
  { paragraphs, vectors }: Library,
  positive: boolean,
  without?: number,
): Promise<Case[]> {
  const queries = await embed.call(embedder, questions, 'query');
  return questions.map((question, row) => {
    const ranked = paragraphs
      .map(({ text }, index) => {
        let cosine = 0;
        for (let d = 0; d < dimensions; d++)
          cosine += queries[row * dimensions + d]! * vectors[index * dimensions + d]!;
        return { text, cosine: index === without ? -1 : cosine };
      })
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, PASSAGES_LOOKED_AT);
    const words = contentWords(question);
    const covered = Math.max(...ranked.map(({ text }) => coverage(words, new Set(contentWords(text)))));
    return { features: [ranked[0]!.cosine, covered], positive };
  });
}

function onlyWords({ features, positive }: Case): Case {
  return { features: [features[1]!], positive };
}
