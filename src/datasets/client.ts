import { WorkerBridge } from '../bridge/worker-bridge.ts';
import type { DatasetService } from './contract.ts';

const bridge = new WorkerBridge<DatasetService>({
  name: 'data set',
  create: () =>
    new Worker(new URL('../../workers/datasets.worker.ts', import.meta.url), { type: 'module', name: 'datasets' }),
  idleMs: 10_000,
});

/** Data sets, in their worker. */
export const datasets: DatasetService = {
  import: (workspaceId, file, options) => bridge.call((remote) => remote.import(workspaceId, file, options)),
  importSamples: (workspaceId) => bridge.call((remote) => remote.importSamples(workspaceId)),
  rename: (datasetId, name) => bridge.call((remote) => remote.rename(datasetId, name)),
  remove: (datasetId) => bridge.call((remote) => remote.remove(datasetId)),
};
