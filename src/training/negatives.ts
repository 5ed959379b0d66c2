import { seededRandom } from '../engine/training/random.ts';
import type { ExampleRow } from '../storage/schema.ts';
import { refuseTestPart, type PoolPassage } from './examples.ts';
import { NegativeGuard } from './negative-guard.ts';
import { passageText } from '../retrieval/passage-text.ts';

export interface MiningInput {
  examples: readonly ExampleRow[];
  pool: readonly PoolPassage[];
  /** Unit vectors of the questions [examples, dimensions] and of the pool [pool, dimensions], row-major. */
  queryVectors: Float32Array;
  poolVectors: Float32Array;
  dimensions: number;
  /** Wanted for each question. */
  count: number;
  /** A negative is less similar to the question than this share of the right passage's similarity. */
  margin: number;
  seed: number;
}

/** How far down the list is looked before negatives are drawn at random. */
const DEPTH = 200;

/**
 * Hard negatives: for each question the passages that the search model likes best and that do not answer it. A passage
 * is passed over when {@link NegativeGuard} says so, or when it comes too near to the right one (the margin of
 * NV-Retriever, Moreira et al. 2024): most such passages are right ones that nobody has marked.
 *
 * @returns indices into the pool, `count` for every example; fewer only where the pool has fewer others
 * @throws AttuneError `training/test-part`
 */
export function mineNegatives(input: MiningInput): number[][] {
  const { examples, pool, count } = input;
  refuseTestPart(examples);
  const texts = pool.map(passageText);
  const guard = new NegativeGuard(examples);
  return examples.map((example, e) => {
    const right = guard.right(example);
    const scores = similarities(input, e);
    const limit = input.margin * rightScore(texts, scores, right);
    const order = scores.map((score, i) => ({ score, i })).sort((a, b) => b.score - a.score || a.i - b.i);
    const isWrong = (i: number) => guard.reason(example, pool[i]!) === undefined;
    const chosen: number[] = [];
    for (const { score, i } of order.slice(0, DEPTH)) {
      if (chosen.length === count) break;
      if (score < limit && isWrong(i)) chosen.push(i);
    }
    return fillAtRandom(chosen, count, pool.length, isWrong, seededRandom(input.seed, e, 0x6e656773));
  });
}

/** Where too few hard ones are left, easy ones do; a batch needs the same number for every question. */
export function fillAtRandom(
  chosen: number[],
  count: number,
  poolSize: number,
  isWrong: (i: number) => boolean,
  random: () => number,
): number[] {
  const start = Math.floor(random() * poolSize);
  for (let offset = 0; offset < poolSize && chosen.length < count; offset++) {
    const i = (start + offset) % poolSize;
    if (!chosen.includes(i) && isWrong(i)) chosen.push(i);
  }
  return chosen;
}

function similarities({ queryVectors, poolVectors, dimensions, pool }: MiningInput, e: number): number[] {
  const query = queryVectors.subarray(e * dimensions, (e + 1) * dimensions);
  return pool.map((_, i) => dot(query, poolVectors.subarray(i * dimensions, (i + 1) * dimensions)));
}

/** The best of the right passages; Infinity where none is in the pool, so that the margin does not bind. */
function rightScore(texts: readonly string[], scores: readonly number[], right: ReadonlySet<string>): number {
  const own = scores.filter((_, i) => right.has(texts[i]!));
  return own.length > 0 ? Math.max(...own) : Infinity;
}

/** Inner product of two vectors of equal length. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
