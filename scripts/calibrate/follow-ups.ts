/**
 * Measures ways to search for a follow-up question and prints the figures of docs/adr/0050.
 *
 * Run: npx tsx scripts/calibrate/follow-ups.ts [--model]   (--model: also rewrites by the starter model, slow)
 *
 * A conversation is two neighbouring questions on one paragraph. In the second, every word of the article's title and
 * every word that both questions share is replaced by "it", which is what people do when they go on asking.
 */
import { contentWords } from '../../src/chat/text/words.ts';
import { condense } from '../../src/chat/prompt/condense.ts';
import { isFollowUp, withHistoryWords, type Exchange } from '../../src/chat/prompt/follow-up.ts';
import { residentNode } from '../../src/engine/resident/node.ts';
import { nodeRuntime } from '../../src/engine/runtime/node.ts';
import { LocalChatEngine } from '../../src/generation/local/local-engine.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';
import { loadXquad } from './xquad.ts';

const MODEL_CASES = 40;

interface FollowUp {
  history: Exchange[];
  question: string;
  whole: string;
  paragraph: number;
}

const { train } = loadXquad();
const cases = train.flatMap((paragraph, index) =>
  followUpsOf(paragraph.article, paragraph.questions, paragraph.answers, index),
);
const embedder = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), { runtime: nodeRuntime() });
const vectors = await embedder.embed(
  train.map(({ text }) => text),
  'passage',
);
const standalone = train.flatMap(({ questions }, i) => (i % 2 ? questions : []));
const taken = cases.filter(({ question, history }) => isFollowUp(question, history)).length;
const wrongly = standalone.filter((question) => isFollowUp(question, cases[0]!.history)).length;
console.log(
  `${cases.length} follow-ups, ${taken} recognised; of ${standalone.length} whole questions ${wrongly} taken for one`,
);
await report('as typed', cases, ({ question }) => question);
await report('last question in front', cases, ({ question, history }) => withHistoryWords(question, history));
await report(
  'words of the last question in front',
  cases,
  ({ question, history }) => `${contentWords(history.at(-1)!.question).join(' ')} ${question}`,
);
await report(
  'answer in front as well',
  cases,
  ({ question, history }) => `${history.at(-1)!.question} ${history.at(-1)!.answer} ${question}`,
);
await report('the whole question (bound)', cases, ({ whole }) => whole);
if (process.argv.includes('--model')) await withModel();
await embedder.dispose();

async function withModel(): Promise<void> {
  const some = cases.filter((_, index) => index % Math.ceil(cases.length / MODEL_CASES) === 0);
  const files = await starterModelFiles('SmolLM2-135M-Instruct-Q4_1');
  const engine = await LocalChatEngine.load(files, { runtime: residentNode(), device: 'cpu' });
  const queries = new Map<FollowUp, string>();
  for (const one of some) {
    const rewritten = await condense(
      one.question,
      one.history,
      'model',
      async () => engine,
      new AbortController().signal,
    );
    queries.set(one, rewritten ?? one.question);
  }
  await report('rewritten by the starter model', some, (one) => queries.get(one)!);
  await report('last question in front, the same ones', some, ({ question, history }) =>
    withHistoryWords(question, history),
  );
}

async function report(name: string, list: FollowUp[], query: (one: FollowUp) => string): Promise<void> {
  const rows = await embedder.embed(list.map(query), 'query');
  const width = embedder.dimensions;
  const ranks = list.map(({ paragraph }, row) => {
    const scores = train.map((_, index) => {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += rows[row * width + d]! * vectors[index * width + d]!;
      return sum;
    });
    return 1 + scores.filter((score) => score > scores[paragraph]!).length;
  });
  const recall = (k: number) => (ranks.filter((rank) => rank <= k).length / ranks.length).toFixed(3);
  console.log(`${name.padEnd(40)} n ${list.length}  recall@1 ${recall(1)}  recall@5 ${recall(5)}`);
}

function followUpsOf(article: string, questions: string[], answers: string[], paragraph: number): FollowUp[] {
  const title = new Set(contentWords(article.replaceAll('_', ' ')));
  return questions.slice(1).flatMap((whole, index) => {
    const before = questions[index]!;
    const known = new Set([...title, ...contentWords(before)]);
    const question = whole
      .split(/(?<=\s)|(?=[?,.])/)
      .map((word) => (contentWords(word).some((stem) => known.has(stem)) ? `it${/\s$/.test(word) ? ' ' : ''}` : word))
      .join('')
      .replace(/\b(?:the )?it(?: (?:the )?it)*\b/gi, 'it');
    const changed = /\bit\b/.test(question) && question !== whole;
    return changed ? [{ history: [{ question: before, answer: answers[index]! }], question, whole, paragraph }] : [];
  });
}
