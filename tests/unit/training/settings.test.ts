import { expect, it } from 'vitest';
import { valueOf, type Knob } from '../../../src/settings/knob.ts';
import {
  knobGroups,
  type RunPlace,
  presetSettings,
  PRESETS,
  TRAINING_KNOBS,
  trainingSettings,
  type TrainingPreset,
} from '../../../src/training/settings.ts';
import type { TuningTask } from '../../../src/storage/schema.ts';

const tasks = Object.keys(TRAINING_KNOBS) as TuningTask[];
const presets = Object.keys(PRESETS) as TrainingPreset[];

it.each(tasks)(
  'every knob of %s has a default in its range, a help text of one line, and a place in the form',
  (task) => {
    const knobs: Record<string, Knob> = TRAINING_KNOBS[task];
    for (const [key, knob] of Object.entries(knobs)) {
      expect(valueOf(knob, knob.default), key).toBe(knob.default);
      expect(knob.help, key).toMatch(/^[^\n]{10,150}\.$/);
    }
    const shown = knobGroups(task).flatMap((group) => Object.keys(group.knobs));
    expect(shown.sort()).toEqual(Object.keys(knobs).sort());
  },
);

it('what a place does as it likes is not asked for it', () => {
  const shown = (place?: RunPlace) => knobGroups('embedder', {}, place).flatMap(({ knobs }) => Object.keys(knobs));
  expect(shown('tab')).toEqual(shown());
  expect(shown()).toEqual(expect.arrayContaining(['weights', 'maxTokens']));
  expect(shown('node')).toEqual(shown().filter((key) => key !== 'weights'));
  expect(shown('endpoint')).toEqual(shown().filter((key) => key !== 'maxTokens'));
});

it.each(tasks.flatMap((task) => presets.map((preset) => [task, preset] as const)))(
  'the preset of %s, %s, sets real knobs to values in their range',
  (task, preset) => {
    const overrides = presetSettings(task, preset);
    expect(trainingSettings(task, overrides)).toMatchObject(overrides);
    for (const key of Object.keys(overrides)) expect(TRAINING_KNOBS[task]).toHaveProperty(key);
  },
);

it('values out of range and of unknown knobs do no harm', () => {
  const settings = trainingSettings('embedder', { rank: 1e9, targets: 'nonsense', unknown: 1 });
  expect(settings.rank).toBe(TRAINING_KNOBS.embedder.rank.max);
  expect(settings.targets).toBe('all');
  expect(settings).not.toHaveProperty('unknown');
});
