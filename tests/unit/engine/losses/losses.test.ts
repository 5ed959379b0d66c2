import { expect, test } from 'vitest';
import { contrastiveLoss, type ContrastiveOptions } from '../../../../src/engine/losses/contrastive.ts';
import { distillationLoss } from '../../../../src/engine/losses/distillation.ts';
import { rankingLoss } from '../../../../src/engine/losses/ranking.ts';

const SIZE = 6;
const QUERIES = 3;
/** Three queries, their positives, two hard negatives each. */
const VECTORS = wave(SIZE * QUERIES * 4, 1);
const TEACHER = wave(QUERIES * 3, 2);

const CONTRASTIVE: Record<string, ContrastiveOptions> = {
  'in-batch and hard negatives': { scale: 20 },
  symmetric: { scale: 5, symmetric: true },
  'a hard negative that is right for another query': { scale: 5, symmetric: true, alsoRight: [[], [4], [3, 8]] },
  Matryoshka: { scale: 10, dimensions: [2, 6] },
};

test.each(Object.keys(CONTRASTIVE))('contrastive loss, %s: its gradient is its slope', (name) => {
  isSlope((vectors, gradient) =>
    contrastiveLoss(vectors, SIZE, QUERIES, CONTRASTIVE[name]!, gradient, gradient ? 0.5 : 1),
  );
});

test.each(['margin-mse', 'kl'] as const)('distillation by %s: its gradient is its slope', (kind) => {
  isSlope((vectors, gradient) =>
    distillationLoss(kind, vectors, SIZE, QUERIES, TEACHER, 4, gradient, gradient ? 0.5 : 1),
  );
});

test('a query far nearer to its own passage than to all others loses nothing', () => {
  const vectors = Float32Array.of(1, 0, 0, 1, 2, 0, 0, 3);
  expect(contrastiveLoss(vectors, 2, 2, { scale: 50 })).toBeCloseTo(0, 10);
  expect(contrastiveLoss(vectors, 2, 2, { scale: 0 })).toBeCloseTo(Math.log(2), 10);
});

test('a candidate that is right for a query too is not pushed away from it', () => {
  // The first query's hard negative is the second one's own passage.
  const vectors = Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1, 0, 1);
  const loss = (options: Partial<ContrastiveOptions>) => contrastiveLoss(vectors, 2, 2, { scale: 50, ...options });
  expect(loss({})).toBeCloseTo(Math.log(2) / 2, 10);
  expect(loss({ alsoRight: [[], [2]] })).toBeCloseTo(0, 10);
});

test.each(['bce', 'listwise', 'mse', 'kl'] as const)('ranking loss %s: its gradient is its slope', (kind) => {
  const scores = Float64Array.of(2, -1, 0.5, 40, -40);
  const labels = kind === 'bce' || kind === 'listwise' ? [1, 0, 0, 0, 1] : [1.5, -0.5, 0.25, 3, 2];
  const { gradient } = rankingLoss(kind, scores, [3, 2], labels);
  const step = 1e-5;
  gradient.forEach((slope, i) => {
    const at = (by: number) =>
      rankingLoss(
        kind,
        scores.map((s, j) => (j === i ? s + by : s)),
        [3, 2],
        labels,
      ).loss;
    expect(slope).toBeCloseTo((at(step) - at(-step)) / (2 * step), 6);
  });
});

test('scores so large that an exponential would overflow still give finite losses', () => {
  for (const kind of ['bce', 'listwise', 'kl'] as const) {
    const { loss, gradient } = rankingLoss(kind, Float64Array.of(5000, -5000), [2], [0, 1]);
    expect(Number.isFinite(loss) && loss > 1000, kind).toBe(true);
    expect(gradient.every(Number.isFinite), kind).toBe(true);
  }
});

test('a group without a right candidate teaches the listwise loss nothing', () => {
  const { loss, gradient } = rankingLoss('listwise', Float64Array.of(1, 2), [2], [0, 0]);
  expect([loss, ...gradient]).toEqual([0, 0, 0]);
});

/** Central differences in double against half the gradient that the loss gives. */
function isSlope(loss: (vectors: Float32Array, gradient?: Float64Array) => number): void {
  const gradient = new Float64Array(VECTORS.length);
  loss(VECTORS, gradient);
  // A power of two that float32 vectors take exactly.
  const step = 2 ** -10;
  VECTORS.forEach((value, i) => {
    const at = (by: number) => loss(VECTORS.map((v, j) => (j === i ? value + by : v)));
    const [above, below] = [Math.fround(value + step), Math.fround(value - step)];
    const slope = (at(step) - at(-step)) / (above - below);
    expect(2 * gradient[i]!).toBeCloseTo(slope, 3);
  });
}

function wave(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}
