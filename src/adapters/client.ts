import { WorkerBridge } from '../bridge/worker-bridge.ts';
import type { AdapterLibrary } from './contract.ts';

const bridge = new WorkerBridge<AdapterLibrary>({
  name: 'adapter',
  create: () =>
    new Worker(new URL('../../workers/adapters.worker.ts', import.meta.url), { type: 'module', name: 'adapters' }),
  idleMs: 10_000,
});

/** Adapters, in their worker. Rows change too: a screen that lists them follows `db.adapters` and asks again. */
export const adapters: AdapterLibrary = {
  list: (task) => bridge.call((remote) => remote.list(task)),
  rename: (id, name, description) => bridge.call((remote) => remote.rename(id, name, description)),
  remove: (id) => bridge.call((remote) => remote.remove(id)),
  import: (files, modelId) => bridge.call((remote) => remote.import(files, modelId)),
  export: (id, as) => bridge.call((remote) => remote.export(id, as)),
};
