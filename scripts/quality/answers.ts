/**
 * Answers development questions with the starter models, as the app does, and prints the answers with figures. None of
 * the questions belongs to a test set.
 *
 * Run: npx tsx scripts/quality/answers.ts [--set xquad|handbook] [--every 16] [--extractive] [--quiet] [knob=value …]
 */
import { parseArgs } from 'node:util';
import { attribute } from '../../src/chat/attribution/attribute.ts';
import { extractAnswer } from '../../src/chat/extractive/extract.ts';
import { buildPrompt } from '../../src/chat/prompt/build-prompt.ts';
import { sentencesOnly } from '../../src/chat/prompt/reading.ts';
import { relevanceOf } from '../../src/chat/prompt/relevance.ts';
import { snapshotOf } from '../../src/chat/snapshot.ts';
import { CHAT_KNOBS } from '../../src/chat/settings.ts';
import { residentNode } from '../../src/engine/resident/node.ts';
import { nodeRuntime } from '../../src/engine/runtime/node.ts';
import type { StreamPiece } from '../../src/generation/contract.ts';
import { LocalChatEngine } from '../../src/generation/local/local-engine.ts';
import { generationOptions } from '../../src/generation/settings.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';
import { valuesOf } from '../../src/settings/knob.ts';
import { HANDBOOK_QUESTIONS } from './handbook-questions.ts';
import { handbookPassages, inMemoryRetrieval, xquadPassages } from './library.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: 'string', default: 'xquad' },
    every: { type: 'string', default: '16' },
    extractive: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});
const overrides = Object.fromEntries(
  positionals.map((pair) => {
    const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    return [key, Number.isNaN(Number(value)) ? value : Number(value)];
  }),
);
const settings = valuesOf(CHAT_KNOBS, overrides);
const options = generationOptions(overrides);

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
    });

const totals = {
  asked: 0,
  weak: 0,
  gold: 0,
  goldRetrieved: 0,
  cited: 0,
  matched: 0,
  none: 0,
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
  const raw = engine && (await generate(question, sources));
  const { text, support } = raw
    ? await attribute(raw.text, sources, retrieval.similarities, settings.minimumSupport)
    : await extractAnswer(question, sources, retrieval.similarities);
  totals.seconds += (performance.now() - started) / 1000;
  totals.words += text.split(/\s+/).length;
  if (raw && /\[\d/.test(raw.text)) totals.withCitation++;
  if (gold && hits.some((hit) => contains(hit.text, gold))) totals.goldRetrieved++;
  if (gold && contains(text, gold)) totals.gold++;
  for (const { basis } of support) totals[basis]++;
  if (flags.quiet) continue;
  console.log(`\n? ${question}${gold ? `   (${gold})` : ''}   relevance ${relevance.toFixed(2)}`);
  if (raw) console.log(`  raw: ${raw.text.replace(/\n/g, ' ⏎ ')}`);
  console.log(
    `  > ${text.replace(/\n/g, ' ⏎ ')}\n  ${support.map(({ basis, passages }) => `${basis}${passages}`).join(' ')}`,
  );
}
const { asked, cited, matched, none } = totals;
const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(0)} %`;
console.log(
  `\n${asked} questions; judged weak ${totals.weak}; gold answer in a passage ${share(totals.goldRetrieved, asked)}, in the answer ` +
    `${share(totals.gold, asked)}\nsentences ${cited + matched + none}: cited ${cited}, matched ${matched}, unsupported ` +
    `${share(none, cited + matched + none)}; answers in which the model cited ${totals.withCitation}\n` +
    `${(totals.words / asked).toFixed(0)} words and ${(totals.seconds / asked).toFixed(1)} s per answer`,
);

async function generate(question: string, sources: ReturnType<typeof snapshotOf>[]) {
  const bySentences = settings.reading !== 'passages';
  const prompt = await buildPrompt({
    systemPrompt: bySentences ? settings.shortSystemPrompt : settings.systemPrompt,
    question,
    passages: bySentences ? await sentencesOnly(question, sources, retrieval.similarities) : sources,
    numbered: !bySentences,
    history: [],
    passageTokens: settings.passageTokens,
    promptTokens: engine!.info.contextTokens - options.maxNewTokens,
    countTokens: (turns) => engine!.countTokens(turns),
  });
  let text = '';
  const stream: AsyncIterable<StreamPiece> = engine!.stream(prompt.turns, options, new AbortController().signal);
  for await (const piece of stream) text += piece.text;
  return { text: text.trim() };
}

function contains(text: string, part: string): boolean {
  const plain = (value: string) =>
    value
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  return ` ${plain(text)} `.includes(` ${plain(part)} `);
}
