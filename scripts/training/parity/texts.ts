import type { TrainOptions } from '../../../src/engine/training/train-options.ts';

/** Questions with passages that answer them: enough to move every low-rank matrix. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ['When is the kiln opened?', 'Glazed bowls stay in the kiln until it has cooled below eighty degrees.'],
  ['Who repairs the north sluice?', 'The north sluice is the water board’s; its keeper mends it every autumn.'],
  ['What do herring gulls eat in winter?', 'In the cold months herring gulls follow the plough and live on worms.'],
  ['How long does the ferry take?', 'Crossing the sound takes forty minutes, and an hour against the tide.'],
];

/** Large steps on one batch: what is tested is that the result is the same elsewhere, not that it is good. */
export const A_FEW_STEPS: TrainOptions = {
  steps: 6,
  accumulation: 1,
  learningRate: 2e-3,
  schedule: 'constant',
  warmUpSteps: 0,
  learningRateFloor: 0,
  weightDecay: 0,
  maxGradientNorm: 1,
  seed: 1,
  validateEvery: 0,
  patience: 0,
  checkpointEvery: 100,
};
