/**
 * `npm run bench:retrieval [-- --sweep]`: how well passages are found, by meaning, by words and by both, next to what a
 * plain implementation finds with the same embeddings. `--sweep` prints instead how the knobs of fusion do on the train
 * part of attackqa-like, the only data that they were chosen on.
 */
import { parseArgs } from 'node:util';
import { nodeRuntime } from '../../src/engine/runtime/node.ts';
import { mean, ndcgAtK, recallAtK, reciprocalRank } from '../../src/evaluation/metrics/ranking.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';
import { CachedEmbedder } from './retrieval/cached-embedder.ts';
import { rankByBruteForce, rankByMiniSearch, ServiceUnderTest, type Rankings } from './retrieval/rankings.ts';
import { attack, attackTrain, cranfield, xquad, type RetrievalSet } from './retrieval/sets.ts';

const { values: options } = parseArgs({ options: { sweep: { type: 'boolean' } } });

// In int8, as the tab computes it on wasm.
const files = await starterModelFiles('all-MiniLM-L6-v2');
const embedder = new CachedEmbedder(await createEmbedder(files, { runtime: nodeRuntime(), precision: 'int8' }));

if (options.sweep) await sweep(attackTrain());
else for (const set of [xquad(), attack(), cranfield()]) await compare(set);
await embedder.dispose();

async function compare(set: RetrievalSet): Promise<void> {
  const service = await prepare(set);
  line(set, 'MiniSearch, default settings', rankByMiniSearch(set));
  line(set, 'f32 brute force', await rankByBruteForce(set, embedder));
  line(set, 'words (BM25, stemmed)', await service.rank('lexical'));
  line(set, 'meaning (int8, rescored)', await service.rank('dense'));
  line(set, 'both, by scores', await service.rank('hybrid'));
  line(set, 'both, by ranks (RRF, k = 60)', await service.rank('hybrid', { 'retrieval.fusion': 'ranks' }));
  await service.dispose();
}

async function sweep(set: RetrievalSet): Promise<void> {
  const service = await prepare(set);
  line(set, 'words', await service.rank('lexical'));
  line(set, 'meaning', await service.rank('dense'));
  for (const denseWeight of [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]) {
    line(
      set,
      `by scores, weight ${denseWeight}`,
      await service.rank('hybrid', { 'retrieval.denseWeight': denseWeight }),
    );
  }
  for (const rrfK of [2, 10, 60]) {
    line(
      set,
      `by ranks, k = ${rrfK}`,
      await service.rank('hybrid', { 'retrieval.fusion': 'ranks', 'retrieval.rrfK': rrfK }),
    );
  }
  await service.dispose();
}

async function prepare(set: RetrievalSet): Promise<ServiceUnderTest> {
  await embedder.prepare(set.passages, 'passage');
  await embedder.prepare(
    set.questions.map(({ text }) => text),
    'query',
  );
  console.log(`\n${set.name}: ${set.questions.length} questions, ${set.passages.length} passages`);
  console.log(`  ${'percent'.padEnd(30)} recall@1  recall@5 recall@10       MRR   nDCG@10`);
  return ServiceUnderTest.of(set, embedder);
}

function line(set: RetrievalSet, name: string, rankings: Rankings): void {
  const average = (metric: (ranked: number[], relevant: Set<number>) => number) =>
    (100 * mean(rankings.map((ranked, i) => metric(ranked, set.questions[i]!.relevant)))).toFixed(2).padStart(10);
  console.log(
    `  ${name.padEnd(28)}` +
      [1, 5, 10].map((k) => average((ranked, relevant) => recallAtK(ranked, relevant, k))).join('') +
      average(reciprocalRank) +
      average((ranked, relevant) => ndcgAtK(ranked, relevant, 10)),
  );
}
