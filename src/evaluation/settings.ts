import { valuesOf, type Knobs, type KnobValues } from '../settings/knob.ts';

/** Key of the price table in the `settings` table: a `PriceTable`, the same in every workspace. */
export const PRICES_SETTING = 'prices';

/**
 * Knobs of an evaluation. Those of searching and answering are the workspace's when it is created, unless a request
 * overrides them by the same keys (`src/retrieval/settings.ts`, `src/chat/settings.ts`, `src/generation/settings.ts`).
 */
export const EVALUATION_KNOBS = {
  answering: {
    kind: 'choice',
    label: 'When nothing fits',
    help: 'As in Chat, a question without a fitting passage is refused and an unsupported answer is replaced by a quote.',
    default: 'chat',
    choices: [
      { value: 'chat', label: 'Refuse and quote as in Chat' },
      { value: 'always', label: 'Always take what the model writes' },
    ],
  },
  depth: {
    kind: 'number',
    label: 'Passages looked at',
    help: 'How far down the list of passages found a right one still counts; the first ten are kept with their text.',
    default: 100,
    min: 10,
    max: 500,
    step: 10,
  },
  goodRank: {
    kind: 'number',
    label: 'Found well up to',
    help: 'A right passage below this place counts as “retrieved but ranked low”; answers read those above it anyway.',
    default: 5,
    min: 1,
    max: 50,
    step: 1,
  },
  rightAnswer: {
    kind: 'number',
    label: 'Right from',
    help: 'Share of words in common with the reference (token F1) from which an answer counts as right; one that holds the reference always does.',
    default: 0.5,
    min: 0.1,
    max: 1,
    step: 0.05,
  },
} as const satisfies Knobs;

export type EvaluationSettings = KnobValues<typeof EVALUATION_KNOBS>;

/** The values in force, from what a request overrides. */
export function evaluationSettings(overrides: Readonly<Record<string, unknown>> = {}): EvaluationSettings {
  return valuesOf(EVALUATION_KNOBS, overrides);
}
