import { AttuneError } from '../errors/attune-error.ts';
import type { RunRow } from '../storage/schema.ts';
import { adviceFor } from './advice.ts';
import type { TrainingEstimate, TrainingProgress } from './contract.ts';
import type { Prepare, PreparedRun } from './run.ts';
import type { TaskMemo } from './tasks/task.ts';

/** A forward run alone, as a share of a step over the same tokens (forward, backward twice as much). */
const FORWARD_SHARE = 0.35;

/**
 * What a run would take: the model is loaded, a step of the longest batch says how much memory, a second, ordinary one
 * how much time (the first one also compiles). What is embedded before the first step was timed as the task was prepared.
 *
 * @param memoryLimit bytes that the device allows, undefined where unknown
 * @throws what loading throws; running out of memory is an answer, not an error
 */
export async function estimateRun(
  run: RunRow,
  prepare: Prepare,
  memoryLimit: number | undefined,
  signal: AbortSignal,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<TrainingEstimate> {
  const nowhere = emptyMemo();
  let prepared: PreparedRun | undefined;
  try {
    prepared = await prepare(run, { memo: nowhere, signal, onProgress, probing: true });
    const { task } = prepared;
    onProgress?.({ stage: 'Compiling', done: 0, total: 2 });
    await task.probe('longest', signal);
    const memoryBytes = task.memoryBytes;
    onProgress?.({ stage: 'Measuring', done: 1, total: 2 });
    const started = performance.now();
    const { tokens } = await task.probe('typical', signal);
    const seconds = (performance.now() - started) / 1000;
    const { options, secondsBefore = 0 } = task;
    const secondsPerStep = seconds * options.accumulation;
    const validations = 2 + (options.validateEvery > 0 ? Math.floor(options.steps / options.validateEvery) : 0);
    const validationSeconds = (seconds / tokens) * FORWARD_SHARE * task.validationTokens;
    const total = secondsBefore + options.steps * secondsPerStep + validations * validationSeconds;
    const fits = memoryLimit === undefined || memoryBytes <= memoryLimit;
    return {
      device: prepared.device,
      examples: task.examples,
      steps: options.steps,
      secondsPerStep,
      seconds: total,
      ...(secondsBefore > 0 && { secondsBefore }),
      memoryBytes,
      memoryLimit,
      fits,
      ...(prepared.sentTo !== undefined && task.texts && { sends: { host: prepared.sentTo, ...task.texts } }),
      advice: adviceFor(run, { fits, seconds: total, secondsBefore, steps: options.steps }),
    };
  } catch (error) {
    if (!(error instanceof AttuneError && error.code === 'engine/out-of-memory')) throw error;
    return {
      device: prepared?.device ?? 'this browser',
      examples: 0,
      steps: 0,
      secondsPerStep: 0,
      seconds: 0,
      memoryBytes: memoryLimit ?? 0,
      memoryLimit,
      fits: false,
      advice: adviceFor(run, { fits: false, seconds: 0, steps: 0 }),
    };
  } finally {
    await prepared?.task.dispose().catch(() => undefined);
  }
}

function emptyMemo(): TaskMemo {
  const known = new Map<string, unknown>();
  return {
    get: (key) => known.get(key),
    set: async (key, value) => {
      known.set(key, value);
    },
  };
}
