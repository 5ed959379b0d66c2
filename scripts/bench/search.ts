import { benchRow, type BenchRow } from './bench-row.ts';
import { inChromium } from './in-chromium.ts';
import type { VectorTask, VectorTimes } from './search/vector-task.ts';
import { measureWords } from './search/words.ts';

const VECTORS: VectorTask = { count: 100_000, dimensions: 384, limit: 100, queries: 25 };
const PASSAGES = 20_000;

/** Time of one search: by meaning over 100,000 passages in Chromium, files included; by words in Node. */
export async function run(): Promise<BenchRow[]> {
  const vectors = await inChromium<VectorTimes>('scripts/bench/search/page.ts', 'measureVectors', VECTORS);
  if (!vectors.same) throw new Error('The fast search and brute force disagree.');
  console.log(`  opening an index of ${VECTORS.count} vectors: ${vectors.open.toFixed(0)} ms`);
  const words = measureWords(PASSAGES, 50);
  const row = (name: string, ours: number, peer: number, peerName: string) =>
    benchRow({ name, ours, peer, peerName, unit: 'ms', better: 'lower' });
  return [
    row('best 100 of 100,000 x 384 by meaning', vectors.search, vectors.bruteForce, 'f32 brute force in JavaScript'),
    row(
      `query of eight words, ${PASSAGES} passages`,
      words.search.ours,
      words.search.miniSearch,
      'MiniSearch, defaults',
    ),
    row(`indexing ${PASSAGES} passages by words`, words.index.ours, words.index.miniSearch, 'MiniSearch, defaults'),
  ];
}
