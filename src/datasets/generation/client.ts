import { callback, WorkerBridge } from '../../bridge/worker-bridge.ts';
import { retrieval } from '../../retrieval/client.ts';
import { database } from '../../storage/database.ts';
import type { QuestionGeneration } from './contract.ts';
import type { FindPassages } from './passage-writer.ts';

/** The service with the search that it cannot open itself: the index has one owner, the worker of `retrieval`. */
export type QuestionWorker = Omit<QuestionGeneration, 'proceed'> & {
  proceed(id: string, onProgress?: Parameters<QuestionGeneration['proceed']>[1], find?: FindPassages): Promise<void>;
};

const bridge = new WorkerBridge<QuestionWorker>({
  name: 'question',
  create: () =>
    new Worker(new URL('../../../workers/questions.worker.ts', import.meta.url), { type: 'module', name: 'questions' }),
  // The weights of a model are worth keeping between two runs, not for ever.
  idleMs: 60_000,
});

/** Writes questions, in a worker. Screens start runs through `jobs`, which keeps them going after a reload. */
export const questionGeneration: QuestionGeneration = {
  estimate: (request) => bridge.call((remote) => remote.estimate(request)),
  create: (request) => bridge.call((remote) => remote.create(request)),
  proceed: async (id, onProgress) => {
    const row = await database().generations.get(id);
    const find = callback(searchIn(row?.workspaceId ?? ''));
    return bridge.call((remote) => remote.proceed(id, onProgress && callback(onProgress), find));
  },
  stop: (id, how) => bridge.call((remote) => remote.stop(id, how)),
};

function searchIn(workspaceId: string): FindPassages {
  return async (questions, limit) => {
    const found: string[][] = [];
    for (const query of questions) {
      const { hits } = await retrieval.search({ workspaceId, query, limit, mode: 'hybrid', mergeNeighbours: false });
      found.push(hits.map(({ chunkId }) => chunkId));
    }
    return found;
  };
}
