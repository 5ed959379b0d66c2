import type { TuningTask } from '../storage/schema.ts';

/** What to tune, on what, how. */
export interface TrainingRequest {
  workspaceId: string;
  task: TuningTask;
  /** Base model, a `ModelDescription.id`. */
  modelId: string;
  datasetId: string;
  /** Overrides of the knobs in `settings.ts`; absent keys mean the preset's or the default. */
  settings: Record<string, unknown>;
  /** Absent: the knob `seed` of the settings. */
  seed?: number;
  /** Absent: made from task and data set. */
  name?: string;
  /** The search model's adapter behind which a ranking model stands; absent: the workspace's, null: none. */
  searchAdapterId?: string | null;
  /** The node that runs it; absent: this tab. */
  node?: { nodeId: string; name: string };
}

/** A knob with the value that helps, and why in one sentence. */
export interface TrainingAdvice {
  knob: string;
  value: number | string;
  text: string;
}

/** Measured with one real step before anything is started. */
export interface TrainingEstimate {
  device: string;
  examples: number;
  steps: number;
  secondsPerStep: number;
  /** Of the whole run, validations included. */
  seconds: number;
  /** How many of them go by before the first step, while texts are embedded; absent: none. */
  secondsBefore?: number;
  /** Most device memory held at once, as far as it was measured: no more than the limit where it ran out. */
  memoryBytes: number;
  /** What this device allows; absent: unknown. */
  memoryLimit?: number;
  fits: boolean;
  /** What a run sends to the endpoint whose vectors it is trained over; the estimate itself sends nothing. */
  sends?: { host: string; questions: number; passages: number };
  /** What to change where it does not fit or would take very long: "Halve the batch", each with the knob's key. */
  advice: TrainingAdvice[];
}

export interface TrainingProgress {
  /** In words: "Reading the model", "Compiling", "Validating", "Training". */
  stage: string;
  done: number;
  total: number;
  secondsLeft?: number;
}

/** A sweep: trials on one data set, compared on the validation part alone. */
export interface SweepRequest extends TrainingRequest {
  /** Values to try, by knob key: the grid is their product. */
  grid: Record<string, (number | string)[]>;
  /** `halving`: all trials begin short, the better half goes on (Jamieson and Talwalkar 2016); `grid`: all run full. */
  method: 'grid' | 'halving';
}

/**
 * The training worker as seen from the main thread. Everything that lasts is a row (`RunRow`, `RunPointRow`,
 * `AdapterRow`) or a file: screens read those, and a run survives its tab.
 */
export interface TrainingService {
  /**
   * Loads the model and runs one step of the longest batch. Another call, or `cancelEstimate`, aborts it.
   *
   * @throws AttuneError `training/busy` when a run is at work, or begins meanwhile: only one model is loaded at a time
   */
  estimate(request: TrainingRequest, onProgress?: (progress: TrainingProgress) => void): Promise<TrainingEstimate>;
  cancelEstimate(): Promise<void>;
  /** Creates the row of a run; `proceed` runs it. @throws AttuneError `training/*` naming what is wrong with the data */
  create(request: TrainingRequest): Promise<string>;
  /** Creates the rows of a sweep's trials. @returns their run ids */
  createSweep(request: SweepRequest): Promise<{ sweepId: string; runIds: string[] }>;
  /** Runs a waiting, paused or interrupted run from its last checkpoint until it ends, is paused or cancelled. */
  proceed(runId: string, onProgress?: (progress: TrainingProgress) => void): Promise<void>;
  proceedSweep(sweepId: string, onProgress?: (progress: TrainingProgress) => void): Promise<void>;
  /** Ends what is going on after a checkpoint; the row says which of the two it was. */
  stop(runId: string, how: 'pause' | 'cancel'): Promise<void>;
  /**
   * Makes an adapter of a run's best step, for trials of a sweep and stopped runs, when no run is at work; `stop` aborts
   * it. @returns the adapter's id
   */
  keep(runId: string): Promise<string>;
  /**
   * The weight of meaning for the adapter of a search model that a node tuned for this run, chosen when no run is at
   * work; `stop` aborts it.
   *
   * @throws AttuneError `training/data-changed`, of the model's and the adapter's files, `engine/out-of-memory`
   */
  weigh(runId: string, adapterId: string, onProgress?: (progress: TrainingProgress) => void): Promise<number>;
  /** Deletes a run with its files; its adapter stays. */
  remove(runId: string): Promise<void>;
}
