import type { Knob } from '../../../../settings/knob.ts';
import type { DatasetRow, EvaluationRow, RunRow, TuningTask } from '../../../../storage/schema.ts';
import { TRAINING_KNOBS } from '../../../../training/settings.ts';
import { plural } from '../../../format.ts';
import { link } from '../../../state/router.svelte.ts';
import { taskWords } from '../../tune/goals.ts';

/** A run of tuning or a comparison, as a line of the list of experiments. Pure: rows in, lines out. */
export interface Experiment {
  id: string;
  kind: 'tuning' | 'comparison';
  /** Of a tuning run. */
  task?: TuningTask;
  name: string;
  /** "Search model", "Comparison". */
  what: string;
  dataset: string;
  state: RunRow['state'];
  createdAt: number;
  seconds: number;
  /** Its best score and what the score is. */
  score?: number;
  scoreName?: string;
  base?: number;
  /** What a comparison compared. */
  note?: string;
  /** Numbers by knob, and those that every run has. */
  parameters: Readonly<Record<string, number>>;
  href: string;
}

export function experimentsOf(
  runs: readonly RunRow[],
  evaluations: readonly EvaluationRow[],
  datasets: readonly Pick<DatasetRow, 'id' | 'name'>[],
): Experiment[] {
  const nameOf = (id: string) => datasets.find((row) => row.id === id)?.name ?? 'deleted data set';
  return [
    ...runs.map((run): Experiment => ({
      id: run.id,
      kind: 'tuning',
      task: run.task,
      name: run.name,
      what: taskWords(run.task),
      dataset: nameOf(run.datasetId),
      state: run.state,
      createdAt: run.createdAt,
      seconds: run.seconds,
      ...(run.best && { score: run.best.score, scoreName: run.scoreName }),
      ...(run.baseScore !== undefined && { base: run.baseScore }),
      parameters: { ...numbersOf(run), step: run.step, seconds: Math.round(run.seconds) },
      href: link('tune', run.id),
    })),
    ...evaluations.map((evaluation): Experiment => ({
      id: evaluation.id,
      kind: 'comparison',
      name: evaluation.name,
      what: 'Comparison',
      dataset: nameOf(evaluation.datasetId),
      state: evaluation.state,
      createdAt: evaluation.createdAt,
      seconds: evaluation.seconds,
      note: plural(evaluation.configurations.length, 'combination'),
      parameters: {},
      href: link('compare', evaluation.id),
    })),
  ].sort((a, b) => b.createdAt - a.createdAt);
}

/** A parameter that the runs differ in, for the axis of a chart. */
export interface Axis {
  key: string;
  label: string;
  logarithmic: boolean;
}

const COMMON: readonly Axis[] = [
  { key: 'step', label: 'Steps', logarithmic: false },
  { key: 'seconds', label: 'Seconds of computing', logarithmic: false },
];

/** Parameters with more than one value among the runs of a task, knobs first. */
export function axesOf(task: TuningTask, experiments: readonly Experiment[]): Axis[] {
  const knobs: Readonly<Record<string, Knob>> = TRAINING_KNOBS[task];
  const axes = Object.entries(knobs).flatMap(([key, knob]): Axis[] =>
    knob.kind === 'number' ? [{ key, label: knob.label, logarithmic: knob.logarithmic ?? false }] : [],
  );
  return [...axes, ...COMMON].filter(
    ({ key }) => new Set(experiments.flatMap(({ parameters }) => parameters[key] ?? [])).size > 1,
  );
}

/** What was set, or else the default: runs that left a knob alone differ from those that turned it. */
function numbersOf({ task, settings, seed }: RunRow): Record<string, number> {
  const knobs: Readonly<Record<string, Knob>> = TRAINING_KNOBS[task];
  const numbers = Object.entries(knobs).flatMap(([key, knob]) => {
    const value = settings[key] ?? knob.default;
    return knob.kind === 'number' && typeof value === 'number' ? [[key, value] as const] : [];
  });
  return { ...Object.fromEntries(numbers), seed };
}
