import { AttuneError, isAbort, toProblem } from '../errors/attune-error.ts';
import type { TrainOptions, TrainResult } from '../engine/training/train-options.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { AdapterRow, ExampleRow, RunRow } from '../storage/schema.ts';
import { inUse } from '../datasets/in-use.ts';
import type { TrainingProgress } from './contract.ts';
import type { RunFiles } from './checkpoints.ts';
import { RunRecord } from './run-record.ts';
import type { PreparedTask, TaskMemo, TunedAdapter } from './tasks/task.ts';

/** Loads a run's model and examples. */
export type Prepare = (
  run: RunRow,
  context: {
    memo: TaskMemo;
    signal: AbortSignal;
    onProgress?: (progress: TrainingProgress) => void;
    /** For a probe: nothing is mined, the first examples stand for the others. */
    probing?: boolean;
  },
) => Promise<PreparedRun>;

export interface PreparedRun {
  task: PreparedTask;
  device: string;
  /** Host that is asked for the vectors of the task's texts; absent: this machine. */
  sentTo?: string;
}

/** The weight of meaning for an adapter that a node tuned for this run; see `weighAdapter`. */
export type Weigh = (
  run: RunRow,
  adapterId: string,
  context: { signal: AbortSignal; onProgress?: (progress: TrainingProgress) => void },
) => Promise<number>;

/** Files an adapter and its row. @returns its id */
export type KeepAdapter = (run: RunRow, adapter: TunedAdapter, scores: AdapterRow['scores']) => Promise<string>;

export interface RunDependencies {
  database: AttuneDatabase;
  files: RunFiles;
  prepare: Prepare;
  keepAdapter: KeepAdapter;
}

export interface RunOptions {
  signal: AbortSignal;
  /** What the signal, once aborted, means. */
  stoppedBy: () => 'pause' | 'cancel';
  onProgress?: (progress: TrainingProgress) => void;
  /** Validated at this step, it waits there to be taken up again: the rung of a sweep. */
  until?: (options: TrainOptions) => number;
  /** Trials of a sweep make an adapter only when they are kept. */
  keep: boolean;
}

/**
 * Runs one training run from its last checkpoint (or its beginning) to its end, a pause or a failure, and leaves the row
 * saying which.
 *
 * @throws what the engine or the data threw; the row then is `failed` with the problem, and the last checkpoint is safe
 */
export async function executeRun(
  runId: string,
  { database, files, prepare, keepAdapter }: RunDependencies,
  options: RunOptions,
): Promise<void> {
  const run = await database.runs.get(runId);
  if (!run || run.state === 'done') return;
  const record = new RunRecord(database, run);
  const inner = new AbortController();
  const signal = AbortSignal.any([options.signal, inner.signal]);
  let task: PreparedTask | undefined;
  try {
    signal.throwIfAborted();
    await record.update({ state: 'running', problem: undefined });
    const memo = await files.memo();
    const prepared = await prepare(run, { memo, signal, onProgress: options.onProgress });
    task = prepared.task;
    const { steps } = task.options;
    await record.update({ device: prepared.device, steps, scoreName: task.scoreName });
    const baseScore = await untunedScore(task, record, memo, signal, options.onProgress);
    await record.update({ baseScore });
    const from = await files.latest();
    await record.rewind(from?.step ?? 0);
    options.onProgress?.({ stage: from ? 'Training' : 'Compiling', done: from?.step ?? 0, total: steps });
    const until = options.until?.(task.options) ?? Infinity;
    const pace = new Pace();
    const result = await task.train(
      {
        signal,
        onStep: (report) => {
          record.step(report);
          pace.add(report.seconds);
          const { step } = report;
          const validates =
            step === steps || (task!.options.validateEvery > 0 && step % task!.options.validateEvery === 0);
          options.onProgress?.({
            stage: validates ? 'Validating' : 'Training',
            done: step,
            total: steps,
            secondsLeft: pace.secondsFor(steps - step),
          });
        },
        onValidation: (validation) => {
          record.validation(validation);
          if (validation.step >= until) inner.abort(new DOMException('The rung is reached.', 'AbortError'));
        },
        onCheckpoint: async (checkpoint) => {
          await files.save(checkpoint);
          await record.checkpoint(checkpoint);
        },
      },
      from,
    );
    await record.flush();
    await settle(run, task, result, options, record, keepAdapter, baseScore);
  } catch (error) {
    await record.flush().catch(() => undefined);
    // Stopped before the first step: there is nothing to save, but the row still says so.
    if (signal.aborted && (isAbort(error) || error === signal.reason)) {
      await record.update({ state: stateAfter(options) });
      return;
    }
    await record.update({ state: 'failed', problem: toProblem(error) });
    throw error;
  } finally {
    await task?.dispose();
  }
}

async function settle(
  run: RunRow,
  task: PreparedTask,
  { ended, checkpoint }: TrainResult,
  options: RunOptions,
  record: RunRecord,
  keepAdapter: KeepAdapter,
  baseScore: number,
): Promise<void> {
  await record.checkpoint(checkpoint);
  if (ended === 'stopped') {
    const state = stateAfter(options);
    await record.update({ state, ...(state === 'cancelled' && { ended }) });
    return;
  }
  const scores = checkpoint.best ? [{ name: task.scoreName, base: baseScore, tuned: checkpoint.best.score }] : [];
  let adapterId: string | undefined;
  if (options.keep) {
    options.onProgress?.({ stage: 'Making the adapter', done: checkpoint.step, total: task.options.steps });
    adapterId = await keepAdapter(run, await task.adapterAt(checkpoint, options.signal), scores);
  }
  await record.update({ state: 'done', ended, ...(adapterId && { adapterId }) });
}

function stateAfter({ signal, stoppedBy }: RunOptions): RunRow['state'] {
  if (!signal.aborted) return 'waiting';
  return stoppedBy() === 'cancel' ? 'cancelled' : 'paused';
}

/** Measured once per run, before its first step. */
async function untunedScore(
  task: PreparedTask,
  record: RunRecord,
  memo: TaskMemo,
  signal: AbortSignal,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<number> {
  const known = memo.get('base') as { score: number; figures: Record<string, number> } | undefined;
  if (!known) onProgress?.({ stage: 'Scoring the untuned model', done: 0, total: task.options.steps });
  const base = known ?? (await task.baseScore(signal));
  if (!known) await memo.set('base', base);
  record.validation({ step: 0, ...base });
  return base.score;
}

/** Seconds per step, recent ones counting more: other programs come and go. */
class Pace {
  #seconds: number | undefined;

  add(seconds: number): void {
    this.#seconds = this.#seconds === undefined ? seconds : 0.9 * this.#seconds + 0.1 * seconds;
  }

  secondsFor(steps: number): number | undefined {
    return this.#seconds === undefined ? undefined : this.#seconds * steps;
  }
}

/** @throws AttuneError `training/data-changed` when the data set is not the one that the run was created for */
export async function examplesOf(database: AttuneDatabase, run: RunRow): Promise<ExampleRow[]> {
  const dataset = await database.datasets.get(run.datasetId);
  if (!dataset || dataset.hash !== run.datasetHash) {
    throw new AttuneError(
      'training/data-changed',
      dataset
        ? `The data set ${dataset.name} has changed since the run ${run.name} began.`
        : `The data set of the run ${run.name} is not there any more.`,
      'Start a new run on the data set as it is now.',
    );
  }
  return trainingRows(database, run.datasetId);
}

/** Rows in use of the parts for training and validation, in their order. */
export async function trainingRows(database: AttuneDatabase, datasetId: string): Promise<ExampleRow[]> {
  const parts = await Promise.all(
    (['train', 'validation'] as const).map((split) =>
      database.examples.where('[datasetId+split]').equals([datasetId, split]).filter(inUse).sortBy('ordinal'),
    ),
  );
  return parts.flat();
}
