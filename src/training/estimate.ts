import { AttuneError } from '../errors/attune-error.ts';
import type { RunRow } from '../storage/schema.ts';
import type { TrainingAdvice, TrainingEstimate, TrainingProgress } from './contract.ts';
import type { Prepare } from './run.ts';
import { trainingSettings } from './settings.ts';
import type { PreparedTask, TaskMemo } from './tasks/task.ts';

/** A forward run alone, as a share of a step over the same tokens (forward, backward twice as much). */
const FORWARD_SHARE = 0.35;
/** Runs above this are worth a word on how to make them shorter. */
const LONG_SECONDS = 45 * 60;

/**
 * What a run would take: the model is loaded, a step of the longest batch says how much memory, a second, ordinary one
 * how much time (the first one also compiles).
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
  let task: PreparedTask | undefined;
  try {
    const prepared = await prepare(run, { memo: nowhere, signal, onProgress, probing: true });
    task = prepared.task;
    onProgress?.({ stage: 'Compiling', done: 0, total: 2 });
    await task.probe('longest', signal);
    const memoryBytes = task.memoryBytes;
    onProgress?.({ stage: 'Measuring', done: 1, total: 2 });
    const started = performance.now();
    const { tokens } = await task.probe('typical', signal);
    const seconds = (performance.now() - started) / 1000;
    const { options } = task;
    const secondsPerStep = seconds * options.accumulation;
    const validations = 2 + (options.validateEvery > 0 ? Math.floor(options.steps / options.validateEvery) : 0);
    const validationSeconds = (seconds / tokens) * FORWARD_SHARE * task.validationTokens;
    const total = options.steps * secondsPerStep + validations * validationSeconds;
    const fits = memoryLimit === undefined || memoryBytes <= memoryLimit;
    return {
      device: prepared.device,
      examples: task.examples,
      steps: options.steps,
      secondsPerStep,
      seconds: total,
      memoryBytes,
      memoryLimit,
      fits,
      advice: fits ? shorterAdvice(run, total, options.steps) : smallerAdvice(run),
    };
  } catch (error) {
    if (!(error instanceof AttuneError && error.code === 'engine/out-of-memory')) throw error;
    return {
      device: '',
      examples: 0,
      steps: 0,
      secondsPerStep: 0,
      seconds: 0,
      memoryBytes: memoryLimit ?? 0,
      memoryLimit,
      fits: false,
      advice: smallerAdvice(run),
    };
  } finally {
    await task?.dispose().catch(() => undefined);
  }
}

/** What saves memory, the least harmful first; each names the knob and the value. */
export function smallerAdvice({ task, settings: overrides }: Pick<RunRow, 'task' | 'settings'>): TrainingAdvice[] {
  const settings: Record<string, number | string | boolean> = trainingSettings(task, overrides);
  const advice: TrainingAdvice[] = [];
  const halve = (knob: string, least: number, text: (value: number) => string, step = 1) => {
    const value = Math.floor(Number(settings[knob]) / 2 / step) * step;
    if (knob in settings && value >= least) advice.push({ knob, value, text: text(value) });
  };
  if (settings['weights'] === 'full') {
    advice.push({ knob: 'weights', value: 'stored', text: 'Keep the frozen weights as they are stored.' });
  }
  halve('chunkTokens', 128, (value) => `Compute ${value} tokens at a time: the result is the same.`, 128);
  if (task !== 'embedder' && task !== 'linear') halve('batchSize', 1, (value) => `Make batches of ${value}.`);
  halve('maxTokens', 64, (value) => `Read at most ${value} tokens of a text.`, 8);
  if (Number(settings['topBlocks'] ?? 1) === 0) {
    advice.push({ knob: 'topBlocks', value: 3, text: 'Adapt the top three blocks only.' });
  }
  return advice;
}

function shorterAdvice({ task, settings: overrides }: RunRow, seconds: number, steps: number): TrainingAdvice[] {
  if (seconds < LONG_SECONDS) return [];
  const settings: Record<string, number | string | boolean> = trainingSettings(task, overrides);
  const fewer = Math.max(10, Math.floor((steps * LONG_SECONDS) / seconds));
  const advice: TrainingAdvice[] = [
    { knob: 'steps', value: fewer, text: `${fewer} steps take about ${Math.round(LONG_SECONDS / 60)} minutes.` },
  ];
  if (settings['targets'] === 'all') {
    advice.push({ knob: 'targets', value: 'attention', text: 'Adapt the attention layers only.' });
  }
  if (Number(settings['maxTokens']) > 128) {
    advice.push({ knob: 'maxTokens', value: 128, text: 'Read at most 128 tokens of a text.' });
  }
  return advice;
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
