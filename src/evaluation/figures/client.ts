import { WorkerBridge } from '../../bridge/worker-bridge.ts';
import type { FiguresService } from './contract.ts';

const bridge = new WorkerBridge<FiguresService>({
  name: 'statistics',
  create: () =>
    new Worker(new URL('../../../workers/figures.worker.ts', import.meta.url), { type: 'module', name: 'figures' }),
  idleMs: 30_000,
});

/** Statistics of evaluations, in a worker of their own. */
export const figures: FiguresService = {
  figures: (evaluationId) => bridge.call((remote) => remote.figures(evaluationId)),
  headline: (evaluationId) => bridge.call((remote) => remote.headline(evaluationId)),
  report: (evaluationId, form, versions) => bridge.call((remote) => remote.report(evaluationId, form, versions)),
  agreement: (workspaceId, judge) => bridge.call((remote) => remote.agreement(workspaceId, judge)),
  voteAgreement: (workspaceId, judge) => bridge.call((remote) => remote.voteAgreement(workspaceId, judge)),
  strengths: (workspaceId, by) => bridge.call((remote) => remote.strengths(workspaceId, by)),
};
