/**
 * What tuning in a browser buys: recall and reciprocal rank on attackqa-like (500 questions on subjects that training
 * never saw, 3,000 passages) after ten minutes of tuning the embedder and ten of making a reranker, in real Chromium on
 * wasm, behind the search as it is and as it was tuned; a linear adapter takes seconds. What was computed is kept in `.cache/tune/`.
 *
 * Run: npx tsx scripts/bench/train-retrieval.ts [--seconds 600] [--batch 32] [--rate 1e-3]
 *   [--reranker 600 seconds] [--rerank 300 questions]
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { withSearchScores } from '../../src/retrieval/reranker/with-search-scores.ts';
import { retrievalKnobs } from '../../src/retrieval/settings.ts';
import { valuesOf } from '../../src/settings/knob.ts';
import { FirstStage } from '../../src/training/tasks/first-stage.ts';
import { usefulThreads } from '../../src/engine/runtime/runtime.ts';
import { inChromium } from './in-chromium.ts';
import { attack, attackTrainPairs, xquad, type RetrievalSet } from './retrieval/sets.ts';
import type { AdapterText } from './train/adapter-text.ts';
import { fromBase64 } from '../../src/engine/formats/base64.ts';
import { kept, timed } from './train/kept.ts';
import { mapped, tuneLinear } from './train/linear.ts';
import { DEPTH, questionVector, rankings, type Rankings, type Vectors } from './train/rank.ts';
import { reportRankings } from './train/ranking-report.ts';
import type { MakeRequest } from './train/reranker-page.ts';
import type { EmbedRequest, TunedInPage, TuneRequest } from './train/retrieval-page.ts';

const EMBEDDER = 'scripts/bench/train/retrieval-page.ts';
const RERANKER = 'scripts/bench/train/reranker-page.ts';
/** Pairs that the linear adapter is trained on and the reranker learns from. */
const VECTOR_PAIRS = 3000;
const CANDIDATES = 20;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    batch: { type: 'string', default: '32' },
    rate: { type: 'string', default: '1e-3' },
    reranker: { type: 'string', default: '600' },
    rerank: { type: 'string', default: '300' },
  },
});
const threads = usefulThreads(availableParallelism());
const seconds = Number(flags.seconds);
const pairs = attackTrainPairs();
const set = attack();
const reranked = { ...set, questions: set.questions.slice(0, Number(flags.rerank)) };

const tuned = await trained('embedder', EMBEDDER, 'tune', {
  pairs,
  seconds,
  batch: Number(flags.batch),
  learningRate: Number(flags.rate),
  threads,
} satisfies TuneRequest);
const base = await vectorsOf(set);
const sharper = await vectorsOf(set, tuned.adapter);
const chosen = pairs.slice(0, VECTOR_PAIRS);
const trainVectors: Vectors = {
  questions: await embedded(
    chosen.map(({ question }) => question),
    'query',
  ),
  passages: await embedded(
    chosen.map(({ passage }) => passage),
    'passage',
  ),
};
const linear = await tuneLinear(trainVectors);
console.log(`linear adapter: ${linear.steps} steps in ${linear.seconds.toFixed(1)} s on ${VECTOR_PAIRS} pairs`);
const retrievers: [string, Vectors][] = [
  ['base', base],
  ['linear adapter', mapped(linear.adapter, base)],
  ['tuned', sharper],
];
report(
  set,
  retrievers.map(([name, vectors]) => [name, rankings(set, vectors)]),
);

// What was forgotten: another domain, other questions.
const other = xquad();
report(other, [
  ['base', rankings(other, await vectorsOf(other))],
  ['tuned', rankings(other, await vectorsOf(other, tuned.adapter))],
]);

if (reranked.questions.length > 0) {
  const texts = reranked.passages.map((text) => ({ text, headings: [], documentKey: '' }));
  for (const [name, vectors, adapter] of [
    ['base', base],
    ['tuned', sharper, tuned.adapter],
  ] as const) {
    const reranker = await trained('reranker', RERANKER, 'make', {
      pairs: chosen,
      seconds: Number(flags.reranker),
      threads,
      ...(adapter && { search: adapter }),
    } satisfies MakeRequest);
    const search = await FirstStage.of(texts, vectors.passages);
    const found = reranked.questions.map(({ text }, q) => search.find(text, questionVector(vectors, q), DEPTH));
    const groups = reranked.questions.map(({ text }, q) => ({
      question: text,
      passages: found[q]!.slice(0, CANDIDATES).map(({ place }) => reranked.passages[place]!),
    }));
    const scores = await kept(['score', groups, reranker.adapter], () =>
      inChromium<number[][]>(RERANKER, 'score', { groups, adapter: reranker.adapter, threads }),
    );
    const inOrder = (scoresOf: (own: number[], searched: number[]) => number[]): Rankings =>
      found.map((list, q) => {
        const joined = scoresOf(
          scores[q]!,
          list.slice(0, CANDIDATES).map(({ score }) => score),
        );
        const best = [...joined.keys()].sort((x, y) => joined[y]! - joined[x]!);
        return [...best, ...[...list.keys()].slice(CANDIDATES)].map((i) => list[i]!.place);
      });
    const { searchWeight } = valuesOf(retrievalKnobs);
    // Against the search that it stands behind, each as soon as it is known.
    report(reranked, [
      [`${name}, meaning and words`, found.map((list) => list.map(({ place }) => place))],
      [`${name}, by meaning`, rankings(reranked, vectors)],
      [`${name}, ranking model alone`, inOrder((own) => own)],
      [`${name}, ranking model and search`, inOrder((own, searched) => withSearchScores(own, searched, searchWeight))],
    ]);
  }
}

async function trained(name: string, page: string, call: string, request: TuneRequest | MakeRequest) {
  const run = await kept([name, request], () => timed(() => inChromium<TunedInPage>(page, call, request)));
  const recent = run.losses.slice(-20);
  console.log(
    `${name}: ${run.steps} steps in ${run.seconds.toFixed(0)} s, ` +
      `${(run.tokens / run.seconds).toFixed(0)} tokens/s, last losses ` +
      `${(recent.reduce((sum, loss) => sum + loss, 0) / recent.length).toFixed(3)}, ` +
      `heap ${(run.heapBytes / 1e6).toFixed(0)} MB; ${run.date}, load ${run.load.toFixed(1)}, ${threads} threads`,
  );
  return run;
}

async function vectorsOf({ passages, questions }: RetrievalSet, adapter?: AdapterText): Promise<Vectors> {
  const texts = questions.map(({ text }) => text);
  return {
    passages: await embedded(passages, 'passage', adapter),
    questions: await embedded(texts, 'query', adapter),
  };
}

async function embedded(texts: string[], kind: EmbedRequest['kind'], adapter?: AdapterText) {
  const request: EmbedRequest = { texts, kind, threads, ...(adapter && { adapter }) };
  const text = await kept(['embed', request], () => inChromium<string>(EMBEDDER, 'embed', request));
  return new Float32Array(fromBase64(text).buffer);
}

function report({ name, questions }: RetrievalSet, systems: [string, Rankings][]): void {
  reportRankings(name, questions, systems);
}
