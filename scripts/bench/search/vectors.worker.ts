import { opfsFiles } from '../../../src/retrieval/files/opfs.ts';
import { kthLargest } from '../../../src/retrieval/vectors/exact-search.ts';
import { VectorIndex } from '../../../src/retrieval/vectors/vector-index.ts';
import { clusteredUnitVectors, randomUnitVector, seededRandom } from '../../../tests/support/vectors.ts';
import type { VectorTask, VectorTimes } from './vector-task.ts';

const FOLDER = 'bench';
const ADD = 5000;

/**
 * Real file handles and real WebAssembly, as in the retrieval worker. The vectors lie in clusters as those of passages
 * on common subjects do: among evenly spread ones the bounds would decide sooner.
 */
async function measure({ count, dimensions, limit, queries }: VectorTask): Promise<VectorTimes> {
  const random = seededRandom(1);
  const vectors = clusteredUnitVectors(random, count, dimensions, 200, 0.8);
  await opfsFiles.remove(FOLDER);
  const written = await VectorIndex.open(opfsFiles, FOLDER, dimensions);
  for (let from = 0; from < count; from += ADD) {
    const hashes = Array.from({ length: Math.min(ADD, count - from) }, (_, i) =>
      (from + i + 1).toString(16).padStart(64, '0'),
    );
    await written.add(hashes, vectors.subarray(from * dimensions, (from + ADD) * dimensions));
  }
  const started = performance.now();
  const index = await VectorIndex.open(opfsFiles, FOLDER, dimensions);
  const open = performance.now() - started;

  const everything = new Uint8Array(index.slotCount).fill(1);
  const times: { search: number[]; bruteForce: number[] } = { search: [], bruteForce: [] };
  let same = true;
  for (let q = 0; q <= queries; q++) {
    const near = vectors.subarray(q * dimensions, (q + 1) * dimensions);
    const query = mix(near, randomUnitVector(random, dimensions));
    const start = performance.now();
    const found = await index.search(query, limit, everything);
    const middle = performance.now();
    const expected = bruteForce(vectors, query, limit);
    const end = performance.now();
    same &&= found.every(({ score }, i) => Math.abs(score - expected[i]!) < 1e-6);
    if (q === 0) continue;
    times.search.push(middle - start);
    times.bruteForce.push(end - middle);
  }
  await opfsFiles.remove(FOLDER);
  return { search: median(times.search), bruteForce: median(times.bruteForce), open, same };
}

/** Peer: every dot product, then the best by a heap rather than a full sort, which would be a straw man. @returns scores */
function bruteForce(vectors: Float32Array, query: Float32Array, limit: number): number[] {
  const dimensions = query.length;
  const scores = new Float32Array(vectors.length / dimensions);
  for (let row = 0, at = 0; row < scores.length; row++) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += vectors[at++]! * query[d]!;
    scores[row] = sum;
  }
  const least = kthLargest(scores, limit);
  const best = Array.from(scores.keys()).filter((row) => scores[row]! >= least);
  return best
    .map((row) => scores[row]!)
    .sort((a, b) => b - a)
    .slice(0, limit);
}

/** A question is near its passages and not among them. */
function mix(a: Float32Array, b: Float32Array): Float32Array {
  const sum = a.map((component, d) => component + b[d]!);
  const length = Math.hypot(...sum);
  return sum.map((component) => component / length);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

self.addEventListener('message', (event: MessageEvent<VectorTask>) => {
  measure(event.data).then(
    (times) => self.postMessage(times),
    (error: unknown) => self.postMessage({ error: String(error) }),
  );
});
