import type { RunPointRow, RunRow } from '../../../storage/schema.ts';
import { ago, count, plural } from '../../format.ts';

/** What a run's rows say, in numbers for the curves and in a sentence for everybody. Pure: rows in, words out. */

/** A run's curve, each list in the order of the steps. */
export interface Curve {
  steps: { step: number; loss: number }[];
  validations: { step: number; score: number }[];
}

/** Steps over which speed and time left are averaged: long enough to be calm, short enough to follow a busy machine. */
const RECENT_STEPS = 20;

export function curveOf(points: readonly RunPointRow[]): Curve {
  const ordered = points.toSorted((a, b) => a.step - b.step);
  return {
    steps: ordered.flatMap(({ kind, step, loss }) => (kind === 'step' && loss !== undefined ? [{ step, loss }] : [])),
    validations: ordered.flatMap(({ kind, step, score }) =>
      kind === 'validation' && score !== undefined ? [{ step, score }] : [],
    ),
  };
}

/**
 * The loss without its jitter: an exponential moving average whose first values are corrected for their short history
 * (the bias correction of Adam, Kingma and Ba 2015, section 3).
 *
 * @param share weight of the newest value, 0-1
 */
export function smoothed(values: readonly number[], share = 0.15): number[] {
  let mean = 0;
  return values.map((value, index) => {
    mean = (1 - share) * mean + share * value;
    return mean / (1 - (1 - share) ** (index + 1));
  });
}

export interface Pace {
  /** Last step that was computed, which may be ahead of the last one in a checkpoint. */
  step: number;
  loss?: number;
  learningRate?: number;
  gradientNorm?: number;
  tokensPerSecond?: number;
  secondsPerStep?: number;
  /** Of the steps alone: validations come on top. */
  secondsLeft?: number;
}

/** Where a run stands and how fast it goes, from its latest steps. */
export function paceOf(run: Pick<RunRow, 'step' | 'steps'>, points: readonly RunPointRow[]): Pace {
  const recent = points
    .filter(({ kind }) => kind === 'step')
    .toSorted((a, b) => a.step - b.step)
    .slice(-RECENT_STEPS);
  const last = recent.at(-1);
  if (!last) return { step: run.step };
  const secondsPerStep = mean(recent.flatMap(({ seconds }) => seconds ?? []));
  const tokensPerSecond = mean(recent.flatMap(({ tokensPerSecond }) => tokensPerSecond ?? []));
  return {
    step: last.step,
    loss: last.loss,
    learningRate: last.learningRate,
    gradientNorm: last.gradientNorm,
    tokensPerSecond,
    secondsPerStep,
    ...(secondsPerStep !== undefined && { secondsLeft: Math.max(0, run.steps - last.step) * secondsPerStep }),
  };
}

/** Whether a step was better than the untuned model; false too before the first check. */
export function isBetter({ best, baseScore }: Pick<RunRow, 'best' | 'baseScore'>): boolean {
  return best !== undefined && (baseScore === undefined || best.score > baseScore);
}

/** Whether starting it again would compute. A trial that was cancelled or dropped has ended for its sweep. */
export function canGoOn({ state, sweepId, ended }: Pick<RunRow, 'state' | 'sweepId' | 'ended'>): boolean {
  if (state === 'cancelled') return sweepId === undefined;
  return state === 'paused' || (state === 'failed' && (sweepId === undefined || ended !== 'stopped'));
}

/** What the curve means and what stopping now would do, in one or two sentences. */
export function storyOf(run: RunRow, points: readonly RunPointRow[]): string {
  const { validations } = curveOf(points);
  switch (run.state) {
    case 'waiting':
      return 'Waiting to begin.';
    case 'running':
      return runningStory(run, validations);
    case 'paused':
      return `Paused after step ${count(run.step)}. It goes on from there, also after a restart.`;
    case 'done':
      return doneStory(run);
    case 'cancelled':
      return run.adapterId && run.best
        ? `Stopped after step ${count(run.step)}. Step ${count(run.best.step)} was the best and is kept.`
        : `Cancelled after step ${count(run.step)}. Nothing was kept.`;
    case 'failed':
      return run.step > 0
        ? `It stopped at step ${count(run.step)}, which is safe: it can go on from there.`
        : 'It stopped before its first checkpoint.';
  }
}

/** An untuned model from here on leaves nothing that its questions could show. */
const ALL_BUT_FULL = 0.995;
const NOTHING_TO_GAIN =
  'the untuned model already gets everything right that it is checked on, so these questions cannot show a gain. Harder ones, or more documents to find them in, can.';

function runningStory(run: RunRow, validations: Curve['validations']): string {
  const { best } = run;
  const tuned = validations.filter(({ step }) => step > 0);
  const latest = tuned.at(-1);
  if (!latest || !best) {
    const every = run.settings['validateEvery'];
    return typeof every === 'number' && every > 0
      ? `Learning. The first check on questions it is not trained on comes after step ${count(every)}.`
      : 'Learning. It is checked at the end on questions it is not trained on.';
  }
  if (!isBetter(run))
    return run.baseScore! >= ALL_BUT_FULL
      ? `Learning, but ${NOTHING_TO_GAIN}`
      : 'Not better than the untuned model yet.';
  const keeps = `Stopping now would keep step ${count(best.step)}.`;
  if (latest.step <= best.step) return `Still improving. ${keeps}`;
  const since = tuned.filter(({ step }) => step > best.step).length;
  const patience = run.settings['patience'];
  const left = typeof patience === 'number' && patience > 0 ? patience - since : 0;
  const ends = left > 0 ? ` It ends by itself after ${plural(left, 'more check')} without progress.` : '';
  return `No better since step ${count(best.step)}. ${keeps}${ends}`;
}

function doneStory(run: RunRow): string {
  const { best, ended, baseScore, steps, adapterId } = run;
  if (ended === 'stopped') return `Ended after step ${count(run.step)}: other trials of its sweep did better.`;
  if (!best) return `Done after ${plural(steps, 'step')}.`;
  if (!isBetter(run)) {
    if (baseScore! >= ALL_BUT_FULL) return `Done, but ${NOTHING_TO_GAIN}`;
    return 'Done, and not better than the untuned model. More questions, or another learning rate, may help.';
  }
  const kept = adapterId ? 'is kept' : 'can be kept';
  return ended === 'early'
    ? `Ended early: no better since step ${count(best.step)}, which ${kept}.`
    : `Done. Step ${count(best.step)} was the best and ${kept}.`;
}

/**
 * What tells runs of one task apart, for the ends of their lines: the knobs in which they differ ("rank 4"), or the time
 * at which they began. The first one is the run that is open.
 *
 * @param labels names of the knobs by key
 */
export function namesApart(runs: readonly RunRow[], labels: Readonly<Record<string, string>>): string[] {
  const differing = Object.keys(labels).filter((key) => new Set(runs.map(({ settings }) => settings[key])).size > 1);
  return runs.map(({ settings, createdAt }, index) => {
    if (index === 0) return 'this run';
    const said = differing
      .slice(0, 2)
      .map((key) => `${labels[key]!.toLowerCase()} ${String(settings[key] ?? 'default')}`);
    return said.length > 0 ? said.join(', ') : ago(createdAt);
  });
}

function mean(values: readonly number[]): number | undefined {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
}
