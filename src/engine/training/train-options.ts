/** One validation: a score of which more is better, and whatever else is worth a column. */
export interface Validation {
  step: number;
  score: number;
  /** Further figures by name: `loss`, `recall@5`. */
  figures: Readonly<Record<string, number>>;
}

export interface TrainOptions {
  /** Optimiser steps of the whole run; the schedule is laid over them. */
  steps: number;
  /** Batches whose gradients are averaged into one step. */
  accumulation: number;
  /** Highest learning rate. */
  learningRate: number;
  schedule: 'linear' | 'cosine' | 'constant';
  warmUpSteps: number;
  /** Share of the learning rate below which the decay does not fall. */
  learningRateFloor: number;
  weightDecay: number;
  /** Longest gradient (2-norm over all parameters); 0: not clipped. */
  maxGradientNorm: number;
  seed: number;
  /** Steps between validations; 0: none but the last. */
  validateEvery: number;
  /** Validations without a better score after which the run ends; 0: never. */
  patience: number;
  /** Steps between checkpoints. */
  checkpointEvery: number;
}

/** What happened in a step. */
export interface StepReport {
  /** From 1. */
  step: number;
  loss: number;
  learningRate: number;
  /** 2-norm before clipping. */
  gradientNorm: number;
  tokens: number;
  seconds: number;
}

/** All that a run needs to go on as if it had never stopped; arrays hold all parameters one after another. */
export interface Checkpoint {
  step: number;
  parameters: Float32Array<ArrayBuffer>;
  firstMoments: Float32Array<ArrayBuffer>;
  secondMoments: Float32Array<ArrayBuffer>;
  validations: Validation[];
  best?: { step: number; score: number; parameters: Float32Array<ArrayBuffer> };
}

/**
 * Where a run gets its data and tells its story. Batches are a function of step and position alone, so that a resumed
 * run sees what an uninterrupted one would have seen.
 */
export interface TrainHooks<Batch> {
  batch(step: number, position: number): Batch | Promise<Batch>;
  validate?(signal?: AbortSignal): Promise<Omit<Validation, 'step'>>;
  onStep?(report: StepReport): void;
  onValidation?(validation: Validation): void;
  /** Awaited: the next step begins when the checkpoint is safe. */
  onCheckpoint?(checkpoint: Checkpoint): Promise<void>;
  /** Abort ends the run after a last checkpoint; `reason` tells pause from cancel. */
  signal?: AbortSignal;
}

export interface TrainResult {
  /** `finished`: all steps; `early`: no better for `patience` validations; `stopped`: aborted. */
  ended: 'finished' | 'early' | 'stopped';
  checkpoint: Checkpoint;
}
