import { valueOf, valuesOf, type Knob, type Knobs, type KnobValues } from '../settings/knob.ts';
import type { TuningTask } from '../storage/schema.ts';
import { hasUse } from './learns.ts';
import {
  adapterKnobs,
  embedderKnobs,
  exampleKnobs,
  generatorKnobs,
  linearKnobs,
  optimiserKnobs,
  rerankerKnobs,
  watchKnobs,
} from './knobs.ts';

export { LEARNS, learnsOf, type Learns } from './learns.ts';

/** The same knobs with other defaults. */
function withDefaults<K extends Knobs>(knobs: K, defaults: { [Key in keyof K]?: unknown }): K {
  const changed = Object.entries(knobs).map(([key, knob]) => [
    key,
    key in defaults ? { ...knob, default: defaults[key] } : knob,
  ]);
  return Object.fromEntries(changed) as K;
}

/**
 * All knobs of each task with their defaults, which are those of the preset `balanced`. Keys are those of
 * `TrainingRequest.settings` and `RunRow.settings`.
 */
export const TRAINING_KNOBS = {
  embedder: {
    ...adapterKnobs,
    ...withDefaults(optimiserKnobs, { learningRate: 1e-3, batchSize: 32, epochs: 3 }),
    ...exampleKnobs,
    ...embedderKnobs,
    ...watchKnobs,
  },
  reranker: {
    ...adapterKnobs,
    ...withDefaults(optimiserKnobs, { learningRate: 5e-4, batchSize: 8, epochs: 2 }),
    ...exampleKnobs,
    ...rerankerKnobs,
    // A look at a question reads all its candidates, so it costs twenty times that of a search model.
    ...withDefaults(watchKnobs, { validateEvery: 40, validationLimit: 40 }),
  },
  generator: {
    ...adapterKnobs,
    ...withDefaults(optimiserKnobs, { learningRate: 5e-4, batchSize: 4, epochs: 2 }),
    ...exampleKnobs,
    ...generatorKnobs,
    ...withDefaults(watchKnobs, { validationLimit: 40 }),
  },
  linear: {
    ...withDefaults(optimiserKnobs, { learningRate: 1e-3, batchSize: 128, epochs: 20, weightDecay: 0 }),
    ...exampleKnobs,
    ...linearKnobs,
    ...withDefaults(watchKnobs, { validateEvery: 20, patience: 10, checkpointEvery: 100 }),
  },
} as const satisfies Record<TuningTask, Knobs>;

export type TrainingSettings<Task extends TuningTask = TuningTask> = KnobValues<(typeof TRAINING_KNOBS)[Task]>;

export type TrainingPreset = 'fast' | 'balanced' | 'thorough';

/** What each preset is, in the words of the Tune screen. */
export const PRESETS: Record<TrainingPreset, { label: string; help: string }> = {
  fast: { label: 'Fast', help: 'A first look: few steps, attention layers only.' },
  balanced: { label: 'Balanced', help: 'What usually pays: a few passes over the examples.' },
  thorough: { label: 'Thorough', help: 'Higher rank, more passes, harder examples; takes several times as long.' },
};

/** Overrides of the knobs that a preset sets; what it leaves out keeps its default. */
const PRESET_SETTINGS: Record<TuningTask, Record<TrainingPreset, Record<string, unknown>>> = {
  embedder: {
    fast: { targets: 'query-value', epochs: 1, validateEvery: 10, validationLimit: 50, maxTokens: 128 },
    balanced: {},
    thorough: { rank: 16, alpha: 32, epochs: 8, hardNegatives: 1, validationLimit: 300, patience: 6 },
  },
  reranker: {
    fast: { targets: 'query-value', epochs: 1, hardNegatives: 3, candidates: 10, validationLimit: 20, maxTokens: 160 },
    balanced: {},
    thorough: { rank: 16, alpha: 32, epochs: 5, hardNegatives: 8, validationLimit: 100, patience: 6 },
  },
  generator: {
    fast: { epochs: 1, targets: 'attention', validationLimit: 20 },
    balanced: {},
    thorough: { rank: 16, alpha: 32, epochs: 5, validationLimit: 100, patience: 6 },
  },
  linear: {
    fast: { rank: 16, epochs: 10 },
    balanced: {},
    thorough: { epochs: 60, hardNegatives: 2, sides: 'both' },
  },
};

export function presetSettings(task: TuningTask, preset: TrainingPreset): Record<string, unknown> {
  return { ...PRESET_SETTINGS[task][preset] };
}

/** All values of a task, from what a request overrides; each in its range. */
export function trainingSettings<Task extends TuningTask>(
  task: Task,
  overrides: Readonly<Record<string, unknown>> = {},
): TrainingSettings<Task> {
  return valuesOf(TRAINING_KNOBS[task] as Knobs, overrides) as TrainingSettings<Task>;
}

/** Questions that a run learned from, of so many in the training part. */
export function questionsLearned(settings: Readonly<Record<string, unknown>>, train: number): number {
  const limit = valueOf(exampleKnobs.examplesLimit, settings['examplesLimit']);
  return limit > 0 ? Math.min(limit, train) : train;
}

/** Where a run is done, and the knobs that have no use there: what that place does as it likes. */
export type RunPlace = 'tab' | 'node' | 'endpoint';
const WITHOUT_USE_AT: Record<RunPlace, readonly string[]> = { tab: [], node: ['weights'], endpoint: ['maxTokens'] };

/**
 * The knobs in the order and under the titles in which forms show them, without those that change nothing.
 *
 * @param settings of the run: what it learns says which knobs have a use
 * @param place an endpoint gives its vectors, or a node trains
 */
export function knobGroups(
  task: TuningTask,
  settings: Readonly<Record<string, unknown>> = {},
  place: RunPlace = 'tab',
): { title: string; knobs: Record<string, Knob> }[] {
  const all = Object.entries<Knob>(TRAINING_KNOBS[task]).filter(([key]) => !WITHOUT_USE_AT[place].includes(key));
  const knobs = Object.fromEntries(all.filter(([key]) => hasUse(key, task, settings)));
  const groups = [
    { title: 'Length of the run', keys: ['epochs', 'steps', 'batchSize', 'accumulation', 'chunkTokens'] },
    { title: 'Learning', keys: ['learningRate', 'schedule', 'warmUp', 'weightDecay', 'maxGradientNorm', 'seed'] },
    { title: 'Adapter', keys: Object.keys(adapterKnobs).concat('sides', 'weights') },
    { title: 'Watching', keys: [...Object.keys(watchKnobs), 'validationPool', 'candidates'] },
  ].map(({ title, keys }) => ({ title, keys: keys.filter((key) => key in knobs) }));
  const named = new Set(groups.flatMap(({ keys }) => keys));
  const rest = Object.keys(knobs).filter((key) => !named.has(key));
  groups.splice(1, 0, { title: 'Examples and loss', keys: rest });
  return groups.map(({ title, keys }) => ({ title, knobs: Object.fromEntries(keys.map((key) => [key, knobs[key]!])) }));
}
