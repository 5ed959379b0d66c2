/**
 * Fits "this passage holds up this sentence" (src/chat/attribution/support.ts) and prints the figures of docs/adr/0052.
 *
 * Run: npx tsx scripts/calibrate/support.ts
 *
 * A claim is a question with its answer put together. Supported: by its own paragraph. Unsupported: by the other
 * paragraphs of the same article, which share its subject and many of its words.
 */
import { plainText } from '../../src/chat/attribution/claims.ts';
import { evidenceMatrix, type Evidence, type Similarities } from '../../src/chat/attribution/support.ts';
import { nodeRuntime } from '../../src/engine/runtime/node.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';
import { areaUnderCurve, fitLogistic, printThresholds, probability, type Case } from './logistic.ts';
import { loadXquad, type Paragraph } from './xquad.ts';

const EVERY_NTH_QUESTION = 2;

interface ClaimCase extends Case {
  numbersHold: boolean;
}

const { train, test } = loadXquad();
const embedder = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), { runtime: nodeRuntime() });
const fitted = await casesOf(train);
const weights = fitLogistic(fitted);
console.log(`weights: overlap, similarity, bias = ${weights.map((weight) => weight.toFixed(2)).join(', ')}`);
for (const [name, cases] of [
  ['fitted articles', fitted],
  ['held-out articles', await casesOf(test)],
] as const) {
  const score = (one: Case) => probability(weights, one.features);
  printThresholds(
    name,
    cases.map((one) => ({ score: score(one), positive: one.positive })),
  );
  printThresholds(
    `${name}, numbers checked`,
    cases.map((one) => ({ score: one.numbersHold ? score(one) : 0, positive: one.positive })),
  );
  for (const [index, feature] of ['overlap', 'similarity'].entries()) {
    const alone = cases.map((one) => ({ score: one.features[index]!, positive: one.positive }));
    console.log(`  AUC of ${feature} alone ${areaUnderCurve(alone).toFixed(4)}`);
  }
}

async function casesOf(paragraphs: Paragraph[]): Promise<ClaimCase[]> {
  const cases: ClaimCase[] = [];
  for (const article of new Set(paragraphs.map((paragraph) => paragraph.article))) {
    const own = paragraphs.filter((paragraph) => paragraph.article === article);
    const claims = own.flatMap((paragraph, at) =>
      paragraph.questions.flatMap((question, i) =>
        i % EVERY_NTH_QUESTION === 0 ? [{ text: claimOf(question, paragraph.answers[i]!), at }] : [],
      ),
    );
    const evidence = await evidenceMatrix(
      claims.map(({ text }) => text),
      own.map(({ text }) => text),
      cosineSimilarities,
    );
    evidence.forEach((windows, index) => {
      const best = windows.reduce((a: Evidence, b) => (b.overlap + b.similarity > a.overlap + a.similarity ? b : a));
      const positive = claims[Math.floor(index / own.length)]!.at === index % own.length;
      cases.push({ features: [best.overlap, best.similarity], positive, numbersHold: best.numbersHold });
    });
  }
  return cases;
}

/** "When did Tesla arrive?" and "1884" -> "did Tesla arrive 1884". */
function claimOf(question: string, answer: string): string {
  return plainText(
    `${question.replace(/^(?:what|who|when|where|which|why|how)\b\s*/i, '').replace(/\?+\s*$/, '')} ${answer}`,
  );
}

async function cosineSimilarities(...[sentences, passages]: Parameters<Similarities>): Promise<Float32Array> {
  const all = await embedder.embed([...sentences, ...passages], 'passage');
  const width = embedder.dimensions;
  return Float32Array.from({ length: sentences.length * passages.length }, (_, index) => {
    const a = Math.floor(index / passages.length) * width;
    const b = (sentences.length + (index % passages.length)) * width;
    let sum = 0;
    for (let d = 0; d < width; d++) sum += all[a + d]! * all[b + d]!;
    return sum;
  });
}
