import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { BatchPlan, planSteps } from '../../../src/training/batch-plan.ts';
import {
  batchKeys,
  distinctPassages,
  limitQuestions,
  sample,
  trainingExamples,
} from '../../../src/training/examples.ts';
import { mineNegatives } from '../../../src/training/negatives.ts';
import { alsoRightAmong } from '../../../src/training/tasks/also-right.ts';
import { matryoshkaSizes } from '../../../src/training/tasks/embedder.ts';

const example = (ordinal: number, more: Partial<ExampleRow> = {}): ExampleRow => ({
  id: `e${ordinal}`,
  datasetId: 'd',
  workspaceId: 'w',
  ordinal,
  split: 'train',
  question: `Question ${ordinal}?`,
  answer: `Answer ${ordinal}`,
  passage: `Passage ${ordinal} is here.`,
  headings: [],
  documentKey: `document-${ordinal}`,
  negatives: [],
  ...more,
});

describe('examples', () => {
  it('of the test part are refused, whoever hands them in', () => {
    const rows = [example(0), example(1), example(2, { split: 'validation' }), example(3, { split: 'test' })];
    expect(() => trainingExamples(rows, 'passage')).toThrow(expect.objectContaining({ code: 'training/test-part' }));
    const mining = { pool: [], queryVectors: new Float32Array(0), poolVectors: new Float32Array(0), dimensions: 1 };
    expect(() => mineNegatives({ ...mining, examples: [rows[3]!], count: 1, margin: 1, seed: 1 })).toThrow(
      expect.objectContaining({ code: 'training/test-part' }),
    );
    expect(trainingExamples(rows.slice(0, 3), 'passage').train).toHaveLength(2);
  });

  it('out of use are not seen; each passage of a question is learned from; no answer is learned that nobody knows', () => {
    const imported = { provenance: { origin: 'imported' } } as const;
    const more = [{ text: 'The other half.', headings: ['Two'], documentKey: 'document-9' }];
    const rows = [
      example(0, { removedBy: 'length' }),
      example(1, { review: 'rejected' }),
      example(2, { removedBy: 'length', review: 'accepted' }),
      example(3, { morePassages: more }),
      example(4, { answer: '', kind: 'unanswerable' }),
      example(5, { answer: '', ...imported }),
      example(6, { answer: '' }),
      example(7, { split: 'validation' }),
    ];
    const learned = (from: 'passage' | 'answer') =>
      trainingExamples(rows, from).train.map(({ id, passage }) => [id, passage]);
    expect(learned('passage')).toEqual([
      ['e2', 'Passage 2 is here.'],
      ['e3', 'Passage 3 is here.'],
      ['e3', 'The other half.'],
      ['e5', 'Passage 5 is here.'],
    ]);
    expect(learned('answer').map(([id]) => id)).toEqual(['e2', 'e3', 'e4', 'e6']);
    // Both passages are right for the question: they may not stand against each other in a batch.
    const keys = batchKeys(trainingExamples(rows, 'passage').train);
    expect(keys[1]!.some((key) => keys[2]!.includes(key))).toBe(true);
  });

  it('too few to train or validate are refused', () => {
    expect(() => trainingExamples([example(0), example(1)], 'answer')).toThrow(
      expect.objectContaining({ code: 'training/too-few' }),
    );
  });

  it('are limited by whole questions; a higher limit takes the same ones and more', () => {
    const rows = Array.from({ length: 30 }, (_, i) => example(i, { question: `Question ${i % 10}?` }));
    const questions = (limit: number, seed = 1) => [
      ...new Set(limitQuestions(rows, limit, seed).map(({ question }) => question)),
    ];
    expect(limitQuestions(rows, 0, 1)).toEqual(rows);
    expect(limitQuestions(rows, 10, 1)).toEqual(rows);
    expect(limitQuestions(rows, 4, 1)).toHaveLength(12);
    expect(questions(8)).toEqual(expect.arrayContaining(questions(4)));
    expect(questions(4, 2)).not.toEqual(questions(4));
  });

  it('are sampled the same way for the same seed', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    expect(sample(items, 10, 3)).toEqual(sample(items, 10, 3));
    expect(sample(items, 10, 3)).not.toEqual(sample(items, 10, 4));
    expect(sample(items, 60, 3)).toEqual(items);
  });
});

describe('a plan of batches', () => {
  it('is a function of the seed and the number of the batch alone', () => {
    const options = { seed: 4, batchSize: 8 };
    const inOrder = new BatchPlan(50, options);
    const batches = Array.from({ length: 20 }, (_, i) => inOrder.batch(i));
    const backwards = new BatchPlan(50, options);
    for (let i = 19; i >= 0; i--) expect(backwards.batch(i)).toEqual(batches[i]);
    expect(new BatchPlan(50, { ...options, seed: 5 }).batch(0)).not.toEqual(batches[0]);
  });

  it('shows every example once per epoch, full batches provided, and never two of one key together', () => {
    const inputs = fc.record({
      count: fc.integer({ min: 1, max: 80 }),
      batchSize: fc.integer({ min: 1, max: 16 }),
      keys: fc.integer({ min: 1, max: 80 }),
      seed: fc.nat(),
      sorted: fc.boolean(),
    });
    fc.assert(
      fc.property(inputs, ({ count, batchSize, keys: distinct, seed, sorted }) => {
        const keys = Array.from({ length: count }, (_, i) => `key-${i % distinct}`);
        const lengths = sorted ? keys.map((_, i) => (i * 7) % 13) : undefined;
        const plan = new BatchPlan(count, { seed, batchSize, keys: keys.map((key, i) => [key, `own-${i}`]), lengths });
        const epoch = Array.from({ length: plan.batchesPerEpoch }, (_, i) => plan.batch(i));
        for (const batch of epoch) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(batchSize);
          expect(new Set(batch.map((i) => keys[i])).size).toBe(batch.length);
        }
        const free = new BatchPlan(count, { seed, batchSize, lengths });
        const shown = Array.from({ length: free.batchesPerEpoch }, (_, i) => free.batch(i)).flat();
        expect(new Set(shown).size).toBe(shown.length);
        expect(shown.length).toBe(Math.min(count, free.batchesPerEpoch * batchSize));
      }),
    );
  });

  it('puts texts of similar length together', () => {
    const lengths = Array.from({ length: 64 }, (_, i) => (i * 37) % 64);
    const plan = new BatchPlan(64, { seed: 1, batchSize: 8, lengths });
    const spread = (batch: readonly number[]) => {
      const own = batch.map((i) => lengths[i]!);
      return Math.max(...own) - Math.min(...own);
    };
    const spreads = Array.from({ length: 8 }, (_, i) => spread(plan.batch(i)));
    expect(Math.max(...spreads)).toBe(7);
  });

  it('gives a run its steps, by epochs or as set', () => {
    const plan = new BatchPlan(100, { seed: 1, batchSize: 8 });
    expect(planSteps(plan, { epochs: 3, steps: 0, accumulation: 2 })).toBe(18);
    expect(planSteps(plan, { epochs: 3, steps: 7, accumulation: 2 })).toBe(7);
  });
});

describe('hard negatives', () => {
  const unit = (...angles: number[]) => Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)]));
  const rows = [
    example(0, {
      question: 'Where do foxes sleep?',
      answer: 'in dens',
      passage: 'Foxes sleep in dens under trees in the wood.',
    }),
  ];
  const pool = distinctPassages([
    ...rows,
    example(1, { passage: 'Foxes sleep in dens under trees in the wood, mostly by day.' }),
    example(2, { passage: 'Cubs are born in dens in spring.' }),
    example(3, { passage: 'Foxes hunt at night.' }),
    example(4, { passage: 'Badgers dig setts.' }),
    example(5, { passage: 'A hammer drives nails.' }),
  ]);
  const input = {
    examples: rows,
    pool,
    queryVectors: unit(0),
    // Cosine falls with the angle: the right passage at 0.2, then ever further away.
    poolVectors: unit(0.2, 0.21, 0.22, 0.25, 0.6, 1.5),
    dimensions: 2,
    margin: 0.98,
    seed: 1,
  };

  it('are the nearest passages that are neither right, nearly the same, nor hold the answer, nor come too near', () => {
    // 1 is nearly the right passage, 2 holds the answer; 3 is within the margin (cos .25 > .98 · cos .2).
    expect(mineNegatives({ ...input, count: 1 })).toEqual([[4]]);
    expect(mineNegatives({ ...input, margin: 1, count: 2 })).toEqual([[3, 4]]);
  });

  it('are filled up with others where too few are hard', () => {
    const [chosen] = mineNegatives({ ...input, count: 3 });
    expect(chosen![0]).toBe(4);
    expect([...chosen!].sort()).toEqual([3, 4, 5]);
  });

  it('are never a right passage of the same question in another row', () => {
    const twice = [...rows, example(9, { ...rows[0], id: 'e9', passage: pool[3]!.text })];
    const [chosen] = mineNegatives({ ...input, examples: twice, queryVectors: unit(0, 0), margin: 1, count: 1 });
    expect(chosen).toEqual([4]);
  });
});

it('a hard negative that is the right passage of another question of the batch is named as such', () => {
  const rows = [0, 1, 2].map((i) => example(i, { headings: ['One'] }));
  const passage = (text: string) => ({ text, headings: [], documentKey: '' });
  const [first, second, third] = rows.map((row) => passage(row.passage));
  const other = example(3, { question: rows[0]!.question });
  const negatives = [
    [second!, third!],
    [third!, first!],
    [first!, passage('Else.')],
    [passage(other.passage), second!],
  ];
  const alsoRight = alsoRightAmong([...rows, other], negatives);
  // Two positives, then the negatives of each: the second question's passage, and one of a question that is not there.
  expect(alsoRight([0, 1])).toEqual([[5], [2]]);
  expect(alsoRight([2, 0])).toEqual([[5], [2]]);
  expect(alsoRight([3, 1])).toEqual([[2, 5], [3]]);
});

it('vector sizes are read from text, and nonsense is named', () => {
  expect(matryoshkaSizes('', 384)).toBeUndefined();
  expect(matryoshkaSizes('128, 256', 384)).toEqual([384, 256, 128]);
  expect(() => matryoshkaSizes('half', 384)).toThrow(expect.objectContaining({ code: 'training/bad-matryoshka' }));
});
