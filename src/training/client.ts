import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import type { TrainingProgress, TrainingService } from './contract.ts';

const bridge = new WorkerBridge<TrainingService>({
  name: 'training',
  create: () =>
    new Worker(new URL('../../workers/training.worker.ts', import.meta.url), { type: 'module', name: 'training' }),
  // Weights and compiled graphs are worth keeping between an estimate and its start, not for ever.
  idleMs: 60_000,
  computes: true,
});

const reporter = (onProgress?: (progress: TrainingProgress) => void) => onProgress && callback(onProgress);

/** The training service, in its worker. Screens start runs through `jobs`, which keeps them going after a reload. */
export const training: TrainingService = {
  estimate: (request, onProgress) => bridge.call((remote) => remote.estimate(request, reporter(onProgress))),
  cancelEstimate: () => bridge.call((remote) => remote.cancelEstimate()),
  create: (request) => bridge.call((remote) => remote.create(request)),
  createSweep: (request) => bridge.call((remote) => remote.createSweep(request)),
  proceed: (runId, onProgress) => bridge.call((remote) => remote.proceed(runId, reporter(onProgress))),
  proceedSweep: (sweepId, onProgress) => bridge.call((remote) => remote.proceedSweep(sweepId, reporter(onProgress))),
  stop: (runId, how) => bridge.call((remote) => remote.stop(runId, how)),
  keep: (runId) => bridge.call((remote) => remote.keep(runId)),
  weigh: (runId, adapterId, onProgress) =>
    bridge.call((remote) => remote.weigh(runId, adapterId, reporter(onProgress))),
  remove: (runId) => bridge.call((remote) => remote.remove(runId)),
};
