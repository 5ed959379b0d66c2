import { valuesOf, type Knobs, type NumberKnob } from '../settings/knob.ts';
import type { GenerationOptions } from './contract.ts';

/** Sampling knobs, by the names of {@link GenerationOptions}. */
export const GENERATION_KNOBS = {
  maxNewTokens: {
    kind: 'number',
    label: 'Longest answer',
    help: 'Tokens after which an answer is cut; a token is about three quarters of a word.',
    default: 256,
    min: 16,
    max: 4096,
    step: 16,
  },
  temperature: {
    kind: 'number',
    label: 'Temperature',
    help: '0 always takes the likeliest word; higher values vary more and stray further from the passages.',
    default: 0,
    min: 0,
    max: 2,
    step: 0.05,
  },
  topP: {
    kind: 'number',
    label: 'Top p',
    help: 'Draws only from the likeliest words that together reach this probability; no effect at temperature 0.',
    default: 0.95,
    min: 0.05,
    max: 1,
    step: 0.05,
  },
  topK: {
    kind: 'number',
    label: 'Top k',
    help: 'Draws only from this many likeliest words; no effect at temperature 0.',
    default: 40,
    min: 1,
    max: 200,
    step: 1,
  },
  repetitionPenalty: {
    kind: 'number',
    label: 'Repetition penalty',
    help: 'Above 1, words that were already said become less likely; keeps small models from going in circles.',
    default: 1.1,
    min: 1,
    max: 2,
    step: 0.01,
  },
  seed: {
    kind: 'number',
    label: 'Seed',
    help: 'The same seed repeats the same answer at temperatures above 0; 0 draws a new one each time.',
    default: 0,
    min: 0,
    max: 2_147_483_647,
    step: 1,
  },
} satisfies Record<string, NumberKnob>;

/** Sampling options from a user's overrides; absent ones take the default. */
export function generationOptions(overrides: Readonly<Record<string, unknown>> = {}): GenerationOptions {
  const { seed, ...options } = valuesOf(GENERATION_KNOBS satisfies Knobs, overrides);
  return seed === 0 ? options : { ...options, seed };
}
