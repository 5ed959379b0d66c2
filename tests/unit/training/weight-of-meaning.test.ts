import { expect, it } from 'vitest';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { createRetrievalJudge } from '../../../src/training/tasks/retrieval-judge.ts';
import { PLAIN_TEXTS } from '../../../src/training/tasks/text-form.ts';
import { weightOfMeaning } from '../../../src/training/tasks/weight-of-meaning.ts';

/** Questions whose own passage shares no word with them, while another question's shares one that is rare. */
const PAIRS = [
  ['Who sings below the waves?', 'The whale is heard for miles. It eats krill.'],
  ['What eats krill?', 'Bread is baked at the river, and who sings there is paid.'],
  ['Where is a loaf paid?', 'Below the bridge lies a boat that follows the waves.'],
];
const rows = PAIRS.map(
  ([question, passage], i) =>
    ({
      question,
      answer: '',
      passage,
      headings: [],
      documentKey: `${i}.md`,
      split: 'validation',
    }) as unknown as ExampleRow,
);
const judge = () =>
  createRetrievalJudge(
    { seed: 1 },
    { validationLimit: 10, validationPool: 10 },
    { train: [], validation: rows },
    PLAIN_TEXTS,
  );

/** Row i is as similar to passage i as `right` says, and as to the next one as `next` says. */
function vectors(right: number, next: number): { questions: Float32Array; pool: Float32Array } {
  const pool = new Float32Array(16);
  const questions = new Float32Array(12);
  const rest = Math.sqrt(1 - right ** 2 - next ** 2);
  for (let i = 0; i < 3; i++) {
    pool[i * 4 + i] = 1;
    questions[i * 4 + i] = right;
    questions[i * 4 + ((i + 1) % 3)] = next;
    questions[i * 4 + 3] = rest;
  }
  return { questions, pool: pool.subarray(0, 12) };
}

it('lets words count less where they lead away from what meaning finds', async () => {
  const { questions, pool } = vectors(0.6, 0.5);
  expect([0.85, 0.9, 0.95]).toContain(await weightOfMeaning(await judge(), questions, pool));
});

it('stays with the usual weight where another finds no more', async () => {
  const { questions, pool } = vectors(0.99, 0);
  expect(await weightOfMeaning(await judge(), questions, pool)).toBe(0.8);
});
