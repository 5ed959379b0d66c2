import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import type { RetrievalService } from './contract.ts';

const bridge = new WorkerBridge<RetrievalService>({
  name: 'search',
  create: () => new Worker(new URL('../../workers/retrieval.worker.ts', import.meta.url), { type: 'module' }),
});

/** Retrieval for screens: the same interface, answered by the worker. */
export const retrieval: RetrievalService = {
  status: (workspaceId) => bridge.call((remote) => remote.status(workspaceId)),
  sync: (workspaceId, onProgress) =>
    bridge.call((remote) => remote.sync(workspaceId, onProgress && callback(onProgress))),
  stop: (workspaceId) => bridge.call((remote) => remote.stop(workspaceId)),
  search: (request) => bridge.call((remote) => remote.search(request)),
  similarities: (sentences, passages) => bridge.call((remote) => remote.similarities(sentences, passages)),
  removeWorkspace: (workspaceId) => bridge.call((remote) => remote.removeWorkspace(workspaceId)),
  removeAdapter: (adapterId) => bridge.call((remote) => remote.removeAdapter(adapterId)),
  removeEndpoint: (endpointId) => bridge.call((remote) => remote.removeEndpoint(endpointId)),
};
