import { expect, test } from 'vitest';
import { configuration } from '../../../../src/evaluation/matrix/index.ts';
import type { EvaluationRow } from '../../../../src/storage/schema.ts';
import { stateOfRows } from '../../../../src/ui/screens/compare/comparison.svelte.ts';

const search = { modelId: 'words', name: 'Words' };
const running: Pick<EvaluationRow, 'updatedAt' | 'state' | 'configurations' | 'exampleIds'> = {
  ...{ updatedAt: 1, state: 'running', exampleIds: ['a', 'b'] },
  configurations: [configuration({ embedder: search, reranker: null, generator: null })],
};

test('figures are made anew with every row, and with every step once judging changes the rows in place', () => {
  const state = (scored: number, steps: number) => stateOfRows(running, scored, steps);
  expect(state(1, 4)).not.toBe(state(0, 4));
  // Passages are read, questions are searched: no row tells of it yet.
  expect(state(1, 5)).toBe(state(1, 4));
  expect(state(2, 5)).not.toBe(state(2, 4));
});

test('votes change no figures', () => {
  const voting = { judge: search, first: 'x', second: 'y' };
  expect(stateOfRows({ ...running, voting }, 2, 5)).toBe(stateOfRows({ ...running, voting }, 2, 4));
});
