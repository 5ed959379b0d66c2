import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import { database } from '../storage/database.ts';
import type { TrainingEstimate, TrainingProgress, TrainingRequest, TrainingService } from './contract.ts';
import type { LearnedCounts } from './learned.ts';

export type { LearnedCounts };

const bridge = new WorkerBridge<TrainingService>({
  name: 'training',
  create: () =>
    new Worker(new URL('../../workers/training.worker.ts', import.meta.url), { type: 'module', name: 'training' }),
  // A loaded runtime is worth keeping between an estimate and its start, not for ever.
  idleMs: 60_000,
  computes: true,
});

const reporter = (onProgress?: (progress: TrainingProgress) => void) => onProgress && callback(onProgress);

/** Under way: the only calls that may be ended. */
let estimates = 0;

/**
 * In a worker that nothing else was computed in: the heap of wasm never shrinks, so that the memory of a smaller run
 * would be told as that of the largest before it. One in which memory ran out is of no use to the run that comes next.
 */
async function estimate(
  request: TrainingRequest,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<TrainingEstimate> {
  if (bridge.running === estimates) bridge.stop(new DOMException('The estimate is not wanted any more.', 'AbortError'));
  estimates++;
  try {
    const measured = await bridge.call((remote) => remote.estimate(request, reporter(onProgress)));
    if (!measured.fits && bridge.running === 0) bridge.stop();
    return measured;
  } finally {
    estimates--;
  }
}

/** What a run of an answer model would learn from: reads rows alone, so it needs no worker. @throws `training/too-few` */
export async function countLearned(
  request: Pick<TrainingRequest, 'datasetId' | 'settings' | 'seed'>,
): Promise<LearnedCounts> {
  return (await import('./learned.ts')).countLearned(database(), request);
}

/** The training service, in its worker. Screens start runs through `jobs`, which keeps them going after a reload. */
export const training: TrainingService = {
  estimate,
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
