/**
 * Answers development questions with the starter models, as the app does, and prints the answers with figures. None of
 * the questions belongs to a test set.
 *
 * Run: npx tsx scripts/quality/answers.ts [--set xquad|handbook] [--every 16] [--extractive] [--quiet]
 *   [--adapter public/adapters/answers] [knob=value …]
 */
import { existsSync, openAsBlob, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { AnswerAdapter } from '../../src/chat/contract.ts';
import { ANSWER_RECIPE } from '../../src/chat/prompt/answer-recipe.ts';
import { quote, writeAnswer } from '../../src/chat/write-answer.ts';
import { relevanceOf } from '../../src/chat/prompt/relevance.ts';
import { snapshotOf } from '../../src/chat/snapshot.ts';
import { CHAT_KNOBS } from '../../src/chat/settings.ts';
import { PEFT_CONFIG, PEFT_WEIGHTS } from '../../src/engine/adapters/peft-config.ts';
import { readPeft } from '../../src/engine/adapters/read-peft.ts';
import { residentNode } from '../../src/engine/resident/node.ts';
import { nodeRuntime } from '../../src/engine/runtime/node.ts';
import { LocalChatEngine } from '../../src/generation/local/local-engine.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';
import { valuesOf } from '../../src/settings/knob.ts';
import type { AnswerRecipe, AnswerVariant } from '../../src/storage/schema.ts';
import { HANDBOOK_QUESTIONS } from './handbook-questions.ts';
import { handbookPassages, inMemoryRetrieval, xquadPassages } from './library.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: 'string', default: 'xquad' },
    every: { type: 'string', default: '16' },
    extractive: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    adapter: { type: 'string' },
  },
});
const overrides = Object.fromEntries(
  positionals.map((pair) => {
    const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    return [key, Number.isNaN(Number(value)) ? value : Number(value)];
  }),
);
const settings = valuesOf(CHAT_KNOBS, overrides);

const { passages, questions } =
  flags.set === 'xquad'
    ? xquadPassages(Number(flags.every))
    : { passages: await handbookPassages(), questions: HANDBOOK_QUESTIONS };
const embedder = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), { runtime: nodeRuntime() });
const retrieval = await inMemoryRetrieval(embedder, passages);
const engine = flags.extractive
  ? undefined
  : await LocalChatEngine.load(await starterModelFiles('SmolLM2-135M-Instruct-Q4_1'), {
      runtime: residentNode(),
      device: 'cpu',
      adapters: async (folder, shape) => {
        const weights = await openAsBlob(join(folder, PEFT_WEIGHTS));
        return { name: folder, adapter: await readPeft(readJson(folder, PEFT_CONFIG), weights, shape) };
      },
    });
const adapter = flags.adapter === undefined ? undefined : describeAdapter(flags.adapter);

const totals = {
  asked: 0,
  weak: 0,
  gold: 0,
  goldRetrieved: 0,
  cited: 0,
  matched: 0,
  none: 0,
  refused: 0,
  quoted: 0,
  withCitation: 0,
  words: 0,
  seconds: 0,
};
for (const { question, gold } of questions) {
  const { hits } = await retrieval.search({
    workspaceId: '',
    query: question,
    limit: settings.passageCount,
    mode: 'dense',
    mergeNeighbours: false,
  });
  const sources = hits.map(snapshotOf);
  totals.asked++;
  const relevance = relevanceOf(question, hits);
  if (relevance < settings.minimumRelevance) totals.weak++;
  const started = performance.now();
  const { raw, answer } = await write(question, sources);
  const { text, support = [], kind } = answer;
  totals.seconds += (performance.now() - started) / 1000;
  totals.words += text.split(/\s+/).length;
  if (/\[\d/.test(raw)) totals.withCitation++;
  if (gold && hits.some((hit) => contains(hit.text, gold))) totals.goldRetrieved++;
  if (gold && contains(text, gold)) totals.gold++;
  for (const { basis } of support) totals[basis]++;
  if (kind === 'notFound') totals.refused++;
  if (engine && kind === 'extractive') totals.quoted++;
  if (flags.quiet) continue;
  console.log(`\n? ${question}${gold ? `   (${gold})` : ''}   relevance ${relevance.toFixed(2)}`);
  if (raw) console.log(`  raw: ${raw.replace(/\n/g, ' ⏎ ')}`);
  console.log(
    `  > ${text.replace(/\n/g, ' ⏎ ')}\n  ${support.map(({ basis, passages }) => `${basis}${passages}`).join(' ')}`,
  );
}
const { asked, cited, matched, none } = totals;
const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(0)} %`;
console.log(
  `\n${asked} questions; judged weak ${totals.weak}; gold answer in a passage ${share(totals.goldRetrieved, asked)}, in the answer ` +
    `${share(totals.gold, asked)}\nsentences ${cited + matched + none}: cited ${cited}, matched ${matched}, unsupported ` +
    `${share(none, cited + matched + none)}; answers in which the model cited ${totals.withCitation}, refused ${totals.refused}, replaced by the ` +
    `documents' sentences ${totals.quoted}\n` +
    `${(totals.words / asked).toFixed(0)} words and ${(totals.seconds / asked).toFixed(1)} s per answer`,
);

/** As the app writes: the model's own words, and the answer that is shown. */
async function write(question: string, passages: ReturnType<typeof snapshotOf>[]) {
  const answer: AnswerVariant = { text: '' };
  const parts = { question, searched: question, history: [], passages, retrieval, retrievalSeconds: 0 };
  if (!engine) return { raw: '', answer: { ...answer, ...(await quote(parts)) } };
  const generator = {
    info: engine.info,
    countTokens: engine.countTokens.bind(engine),
    stream: engine.stream.bind(engine),
  };
  let raw = '';
  const events = writeAnswer(
    { ...parts, generator, adapter, settings, overrides },
    answer,
    new AbortController().signal,
  );
  for await (const event of events) if (event.type === 'text') raw += event.text;
  return { raw, answer };
}

/** An adapter's folder; without a card, it is taken to be trained with the app's own recipe. */
function describeAdapter(folder: string): AnswerAdapter {
  const card = existsSync(join(folder, 'card.json'))
    ? (readJson(folder, 'card.json') as { recipe?: AnswerRecipe })
    : {};
  return { id: folder, name: folder, modelId: '', recipe: card.recipe ?? ANSWER_RECIPE };
}

function readJson(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

function contains(text: string, part: string): boolean {
  const plain = (value: string) =>
    value
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  return ` ${plain(text)} `.includes(` ${plain(part)} `);
}
