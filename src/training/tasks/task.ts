import type { TunedAdapter } from '../../adapters/adapter-files.ts';

import type { ResidentRuntime } from '../../engine/resident/resident.ts';
import { restoreParameters } from '../../engine/training/checkpoint.ts';
import type {
  Checkpoint,
  TrainHooks,
  TrainOptions,
  TrainResult,
  Validation,
} from '../../engine/training/train-options.ts';
import { train } from '../../engine/training/train.ts';
import type { LossReport, Trainable } from '../../engine/training/trainable.ts';
import type { ModelFiles } from '../../models/contract.ts';
import type { ExampleRow } from '../../storage/schema.ts';
import type { TrainingProgress } from '../contract.ts';
import type { PoolPassage } from '../examples.ts';

/** All that a task needs; nothing of it knows a worker or a database, so that scripts train the same way. */
export interface TaskInput {
  files: ModelFiles;
  runtime: ResidentRuntime;
  /** Overrides of the task's knobs. */
  settings: Readonly<Record<string, unknown>>;
  seed: number;
  /** Rows of the parts for training and validation. */
  examples: readonly ExampleRow[];
  /** Passages of the workspace that may stand as wrong ones, without those of the test part. */
  workspacePassages?: () => Promise<readonly PoolPassage[]>;
  /** Adapter of the search model behind which a ranking model stands; absent: the untuned one. */
  searchAdapter?: () => Promise<TunedAdapter>;
  /** What an earlier start of the same run found out and a later one need not find out again: mined negatives. */
  memo?: TaskMemo;
  /** Only a probe step is wanted: nothing is mined, which is timed, and other passages stand in for hard negatives. */
  probing?: boolean;
  onProgress?: (progress: TrainingProgress) => void;
  signal?: AbortSignal;
}

/** Distinct texts. */
export interface TextCounts {
  questions: number;
  passages: number;
}

/** Kept as JSON beside the checkpoints. */
export interface TaskMemo {
  get(key: string): unknown;
  set(key: string, value: unknown): Promise<void>;
}

export type { TunedAdapter };

/** A task with its model loaded and its examples in tokens, whatever its batches are. */
export interface PreparedTask {
  readonly options: TrainOptions;
  /** Examples that are trained on. */
  readonly examples: number;
  /** Of which a vector is needed, where the model is asked for nothing else. */
  readonly texts?: TextCounts;
  /** What embedding texts before the first step would take, where a probe has left it out. */
  readonly secondsBefore?: number;
  /** What the score is, in words. */
  readonly scoreName: string;
  /** Device memory held now. */
  readonly memoryBytes: number;
  /** Score of what was trained so far; of the untuned model before the first step. */
  validate(signal?: AbortSignal): Promise<Omit<Validation, 'step'>>;
  /** What to compare with, where the untuned model has no score of its own: see each task. */
  baseScore(signal?: AbortSignal): Promise<Omit<Validation, 'step'>>;
  train(hooks: Omit<TrainHooks<never>, 'batch' | 'validate'>, from?: Checkpoint): Promise<TrainResult>;
  /** Loss and gradients of one batch, nothing changed: what a step costs. */
  probe(which: 'longest' | 'typical', signal?: AbortSignal): Promise<LossReport>;
  /** Tokens that a validation reads forward only. */
  readonly validationTokens: number;
  /** The adapter at the best point of a checkpoint, or at its last one where nothing was validated. */
  adapterAt(checkpoint: Checkpoint, signal?: AbortSignal): Promise<TunedAdapter>;
  dispose(): Promise<void>;
}

/** The parts from which {@link prepareTask} makes one. */
export interface TaskParts<Batch> {
  trainable: Trainable<Batch>;
  /** Absent: nothing is held but what is trained. */
  runtime?: ResidentRuntime;
  options: TrainOptions;
  examples: number;
  texts?: TextCounts;
  secondsBefore?: number;
  scoreName: string;
  validationTokens: number;
  batch(step: number, position: number): Batch | Promise<Batch>;
  longest(): Batch;
  validate(signal?: AbortSignal): Promise<Omit<Validation, 'step'>>;
  baseScore?(signal?: AbortSignal): Promise<Omit<Validation, 'step'>>;
  adapter(signal?: AbortSignal): TunedAdapter | Promise<TunedAdapter>;
}

/** Hides the kind of batch behind what every task can do. */
export function prepareTask<Batch>(parts: TaskParts<Batch>): PreparedTask {
  const { trainable, runtime, options } = parts;
  const { parameters } = trainable;
  return {
    options,
    examples: parts.examples,
    ...(parts.texts && { texts: parts.texts }),
    ...(parts.secondsBefore !== undefined && { secondsBefore: parts.secondsBefore }),
    scoreName: parts.scoreName,
    validationTokens: parts.validationTokens,
    get memoryBytes() {
      // The heap counts what kernels take for themselves, too.
      return Math.max(trainable.memoryBytes, runtime?.usage.heapBytes ?? 0);
    },
    validate: (signal) => parts.validate(signal),
    baseScore: (signal) => (parts.baseScore ?? parts.validate)(signal),
    train: (hooks, from) =>
      train(
        trainable,
        options,
        {
          ...hooks,
          batch: (step, position) => parts.batch(step, position),
          validate: (signal) => parts.validate(signal),
        },
        from,
      ),
    async probe(which, signal) {
      const batch = which === 'longest' ? parts.longest() : await parts.batch(1, 0);
      const report = await trainable.accumulate(batch, 1, options.seed, signal);
      for (const { gradient } of parameters) gradient.fill(0);
      return report;
    },
    async adapterAt(checkpoint, signal) {
      restoreParameters(parameters, checkpoint.best?.parameters ?? checkpoint.parameters);
      trainable.parametersChanged();
      return parts.adapter(signal);
    },
    dispose: () => trainable.dispose(),
  };
}
