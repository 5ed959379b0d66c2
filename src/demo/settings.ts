import type { NumberKnob } from '../settings/knob.ts';

/** Knobs of the demonstration besides what it tunes; keys are those of `DemoOptions`. */
export const DEMO_KNOBS = {
  minutes: {
    kind: 'number',
    label: 'Minutes of tuning',
    help: 'Shared between the models that are tuned. Writing questions and measuring come on top.',
    default: 3,
    min: 0.1,
    max: 600,
    step: 0.1,
    logarithmic: true,
  },
  passages: {
    kind: 'number',
    label: 'Passages to write questions about',
    help: 'Each takes a few seconds on a laptop. Not used where a data set is chosen.',
    default: 60,
    min: 5,
    max: 5000,
    step: 5,
  },
  questions: {
    kind: 'number',
    label: 'Test questions',
    help: 'At most so many questions measure what is found. More make the intervals narrower.',
    default: 200,
    min: 1,
    max: 10_000,
    step: 1,
  },
  answers: {
    kind: 'number',
    label: 'Questions to answer',
    help: 'So many of them are also answered by the answer model, which takes seconds each. 0 leaves answers out.',
    default: 8,
    min: 0,
    max: 1000,
    step: 1,
  },
  seed: {
    kind: 'number',
    label: 'Seed',
    help: 'Chooses passages, batches and test questions; the same seed repeats them.',
    default: 1,
    min: 0,
    max: 2_147_483_647,
    step: 1,
  },
} as const satisfies Record<string, NumberKnob>;
