import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { EvaluationService } from './contract.ts';

const bridge = new WorkerBridge<EvaluationService>({
  name: 'evaluation',
  create: () =>
    new Worker(new URL('../../workers/evaluation.worker.ts', import.meta.url), { type: 'module', name: 'evaluation' }),
  idleMs: 10_000,
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

/** The evaluation service, in its worker. Screens start evaluations through `jobs`, which keeps them going. */
export const evaluation: EvaluationService = {
  estimate: (request) => call((remote) => remote.estimate(request)),
  create: (request) => call((remote) => remote.create(request)),
  addConfigurations: (id, configurations) => call((remote) => remote.addConfigurations(id, configurations)),
  proceed: (id, onProgress) => call((remote) => remote.proceed(id, onProgress && callback(onProgress))),
  stop: (id, how) => call((remote) => remote.stop(id, how)),
  learningPoints: (id, metric) => call((remote) => remote.learningPoints(id, metric)),
  remove: (id) => call((remote) => remote.remove(id)),
};
