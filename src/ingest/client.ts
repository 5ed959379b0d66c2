import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import type { IngestProgress, IngestService } from './contract.ts';

const bridge = new WorkerBridge<IngestService>({
  name: 'document',
  create: () =>
    new Worker(new URL('../../workers/ingest.worker.ts', import.meta.url), { type: 'module', name: 'ingest' }),
  idleMs: 60_000,
});

const reporter = (onProgress?: (progress: IngestProgress) => void) => onProgress && callback(onProgress);

/** The ingest service, in its worker. */
export const ingest: IngestService = {
  add: (workspaceId, sources, onProgress) =>
    bridge.call((remote) => remote.add(workspaceId, sources, reporter(onProgress))),
  run: (workspaceId, onProgress) => bridge.call((remote) => remote.run(workspaceId, reporter(onProgress))),
  stop: (workspaceId) => bridge.call((remote) => remote.stop(workspaceId)),
  requeue: (workspaceId, documentIds) => bridge.call((remote) => remote.requeue(workspaceId, documentIds)),
  remove: (workspaceId, documentIds) => bridge.call((remote) => remote.remove(workspaceId, documentIds)),
};
