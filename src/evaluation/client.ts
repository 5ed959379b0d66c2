import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import type { EvaluationService } from './contract.ts';

const bridge = new WorkerBridge<EvaluationService>({
  name: 'evaluation',
  create: () =>
    new Worker(new URL('../../workers/evaluation.worker.ts', import.meta.url), { type: 'module', name: 'evaluation' }),
  idleMs: 10_000,
  computes: true,
});

/** The evaluation service, in its worker. Screens start evaluations through `jobs`, which keeps them going. */
export const evaluation: EvaluationService = {
  estimate: (request) => bridge.call((remote) => remote.estimate(request)),
  create: (request) => bridge.call((remote) => remote.create(request)),
  addConfigurations: (id, configurations) => bridge.call((remote) => remote.addConfigurations(id, configurations)),
  letVote: (id, voting) => bridge.call((remote) => remote.letVote(id, voting)),
  proceed: (id, onProgress) => bridge.call((remote) => remote.proceed(id, onProgress && callback(onProgress))),
  stop: (id, how) => bridge.call((remote) => remote.stop(id, how)),
  learningPoints: (id, metric) => bridge.call((remote) => remote.learningPoints(id, metric)),
  remove: (id) => bridge.call((remote) => remote.remove(id)),
};
