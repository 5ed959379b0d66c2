import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { TrainingProgress, TrainingService } from './contract.ts';

const bridge = new WorkerBridge<TrainingService>({
  name: 'training',
  create: () =>
    new Worker(new URL('../../workers/training.worker.ts', import.meta.url), { type: 'module', name: 'training' }),
  // Weights and compiled graphs are worth keeping between an estimate and its start, not for ever.
  idleMs: 60_000,
});

/** After these the worker's memory or device is of no use any more: the next call gets a fresh one. */
const FATAL = new Set(['engine/out-of-memory', 'engine/device-lost', 'engine/load-failed', 'worker/stopped']);

async function call<T>(run: Parameters<typeof bridge.call<T>>[0]): Promise<T> {
  try {
    return await bridge.call(run);
  } catch (error) {
    if (error instanceof AttuneError && FATAL.has(error.code)) bridge.stop();
    throw error;
  }
}

const reporter = (onProgress?: (progress: TrainingProgress) => void) => onProgress && callback(onProgress);

/** The training service, in its worker. Screens start runs through `jobs`, which keeps them going after a reload. */
export const training: TrainingService = {
  estimate: (request, onProgress) => call((remote) => remote.estimate(request, reporter(onProgress))),
  cancelEstimate: () => call((remote) => remote.cancelEstimate()),
  create: (request) => call((remote) => remote.create(request)),
  createSweep: (request) => call((remote) => remote.createSweep(request)),
  proceed: (runId, onProgress) => call((remote) => remote.proceed(runId, reporter(onProgress))),
  proceedSweep: (sweepId, onProgress) => call((remote) => remote.proceedSweep(sweepId, reporter(onProgress))),
  stop: (runId, how) => call((remote) => remote.stop(runId, how)),
  keep: (runId) => call((remote) => remote.keep(runId)),
  remove: (runId) => call((remote) => remote.remove(runId)),
};
