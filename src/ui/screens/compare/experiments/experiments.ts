import { describeMetric } from '../../../../evaluation/metrics/catalogue.ts';
import type { Headline } from '../../../../evaluation/table/contract.ts';
import type { Knob } from '../../../../settings/knob.ts';
import type { DatasetRow, EvaluationRow, RunRow, TuningTask } from '../../../../storage/schema.ts';
import { TRAINING_KNOBS } from '../../../../training/settings.ts';
import { plural } from '../../../format.ts';
import { link } from '../../../state/routes.ts';
import { taskWords } from '../../tune/goals.ts';
import { partsOf, sentenceOf, type Names } from '../configuration-words.ts';

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
  /** Of a comparison: the combination that has the score, and whether others are as good. */
  best?: string;
  /** What a comparison compared. */
  note?: string;
  /** Numbers by knob, and those that every run has. */
  parameters: Readonly<Record<string, number>>;
  href: string;
}

interface ComparisonWords {
  /** Undefined where it is not known. */
  headlineOf: (evaluation: EvaluationRow) => Headline | undefined;
  names: Names;
}

export function experimentsOf(
  runs: readonly RunRow[],
  evaluations: readonly EvaluationRow[],
  datasets: readonly Pick<DatasetRow, 'id' | 'name'>[],
  { headlineOf, names }: ComparisonWords,
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
      ...bestOf(evaluation, headlineOf(evaluation), names),
      parameters: {},
      href: link('compare', evaluation.id),
    })),
  ].sort((a, b) => b.createdAt - a.createdAt);
}

function bestOf(
  evaluation: EvaluationRow,
  headline: Headline | undefined,
  names: Names,
): Pick<Experiment, 'score' | 'scoreName' | 'best'> {
  if (!headline) return {};
  const { metric, value, n } = headline;
  const scoreName = `${describeMetric(metric)?.term ?? metric}, ${plural(n, 'question')}`;
  return { score: value, scoreName, best: bestText(evaluation, headline, names) };
}

/** "tuned search, no ranking, base answers; 2 others as good" */
export function bestText(
  { configurations }: Pick<EvaluationRow, 'configurations'>,
  { configurationId, asGood }: Headline,
  names: Names,
): string {
  const best = sentenceOf(partsOf(configurations, names).get(configurationId) ?? []);
  if (configurations.length === 1) return best;
  return asGood === 0 ? best : `${best}; ${plural(asGood, 'other')} as good`;
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
