import { WorkerBridge } from '../bridge/worker-bridge.ts';
import { retrieval } from '../retrieval/client.ts';
import { listAdapters } from './catalogue.ts';
import type { AdapterLibrary } from './contract.ts';

const bridge = new WorkerBridge<AdapterLibrary>({
  name: 'adapter',
  create: () =>
    new Worker(new URL('../../workers/adapters.worker.ts', import.meta.url), { type: 'module', name: 'adapters' }),
  idleMs: 10_000,
});

/**
 * Adapters: what reads or writes their files happens in a worker. Listing reads rows and the starters' manifest, here,
 * so that it costs a screen no worker and a `liveQuery` around it follows the rows.
 */
export const adapters: AdapterLibrary = {
  list: listAdapters,
  rename: (id, name, description) => bridge.call((remote) => remote.rename(id, name, description)),
  remove: async (id) => {
    await bridge.call((remote) => remote.remove(id));
    // The index that was built with it would lie in OPFS for good.
    await retrieval.removeAdapter(id);
  },
  import: (sources, modelId) => bridge.call((remote) => remote.import(sources, modelId)),
  export: (id, as) => bridge.call((remote) => remote.export(id, as)),
};
