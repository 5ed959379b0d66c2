import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import { retrieval } from '../retrieval/client.ts';
import { database } from '../storage/database.ts';
import type { DatasetProgress, DatasetService, SearchPassages } from './contract.ts';
import { searchPassages } from './search-passages.ts';

const bridge = new WorkerBridge<DatasetService>({
  name: 'data set',
  create: () =>
    new Worker(new URL('../../workers/datasets.worker.ts', import.meta.url), { type: 'module', name: 'datasets' }),
  idleMs: 60_000,
});

const reporter = (onProgress?: (progress: DatasetProgress) => void) => onProgress && callback(onProgress);

/** The data sets' worker has no models of its own: it asks the search's worker through the page. */
async function workspaceSearch(datasetId: string): Promise<SearchPassages> {
  const dataset = await database().datasets.get(datasetId);
  return searchPassages(retrieval, dataset?.workspaceId ?? '');
}

/** Data sets, in their worker. */
export const datasets: DatasetService = {
  preview: (files, mapping) => bridge.call((remote) => remote.preview(files, mapping)),
  import: (workspaceId, files, options) => bridge.call((remote) => remote.import(workspaceId, files, options)),
  importSamples: (workspaceId) => bridge.call((remote) => remote.importSamples(workspaceId)),
  create: (workspaceId, name) => bridge.call((remote) => remote.create(workspaceId, name)),
  rename: (datasetId, name) => bridge.call((remote) => remote.rename(datasetId, name)),
  remove: (datasetId) => bridge.call((remote) => remote.remove(datasetId)),
  check: async (datasetId, onProgress, search, entails) => {
    const searching = callback(search ?? (await workspaceSearch(datasetId)));
    return bridge.call((remote) =>
      remote.check(datasetId, reporter(onProgress), searching, entails && callback(entails)),
    );
  },
  setRules: (datasetId, rules) => bridge.call((remote) => remote.setRules(datasetId, rules)),
  review: (exampleIds, decision) => bridge.call((remote) => remote.review(exampleIds, decision)),
  edit: (exampleId, changes) => bridge.call((remote) => remote.edit(exampleId, changes)),
  restore: (rows) => bridge.call((remote) => remote.restore(rows)),
  addLabelled: (datasetId, example) => bridge.call((remote) => remote.addLabelled(datasetId, example)),
  removeExamples: (exampleIds) => bridge.call((remote) => remote.removeExamples(exampleIds)),
  mineNegatives: async (datasetId, options, onProgress, search) => {
    const searching = callback(search ?? (await workspaceSearch(datasetId)));
    return bridge.call((remote) => remote.mineNegatives(datasetId, options, reporter(onProgress), searching));
  },
  previewSplit: (datasetId, settings) => bridge.call((remote) => remote.previewSplit(datasetId, settings)),
  resplit: (datasetId, settings) => bridge.call((remote) => remote.resplit(datasetId, settings)),
  keepVersion: (datasetId, note) => bridge.call((remote) => remote.keepVersion(datasetId, note)),
  diff: (datasetId, from, to) => bridge.call((remote) => remote.diff(datasetId, from, to)),
  bringBack: (datasetId, version) => bridge.call((remote) => remote.bringBack(datasetId, version)),
  removeVersion: (datasetId, version) => bridge.call((remote) => remote.removeVersion(datasetId, version)),
  export: (datasetId, options) => bridge.call((remote) => remote.export(datasetId, options)),
  fromChats: (workspaceId, options) => bridge.call((remote) => remote.fromChats(workspaceId, options)),
  fromRecordings: (workspaceId, options) => bridge.call((remote) => remote.fromRecordings(workspaceId, options)),
  stop: (datasetId) => bridge.call((remote) => remote.stop(datasetId)),
};
