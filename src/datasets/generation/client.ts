import { callback, WorkerBridge } from '../../bridge/worker-bridge.ts';
import { retrieval } from '../../retrieval/client.ts';
import { database } from '../../storage/database.ts';
import type { SearchPassages } from '../contract.ts';
import { searchPassages } from '../search-passages.ts';
import type { GenerationProgress, QuestionGeneration } from './contract.ts';

/** The service with the search that it cannot open itself: the index has one owner, the worker of `retrieval`. */
export type QuestionWorker = Omit<QuestionGeneration, 'proceed'> & {
  proceed(id: string, onProgress?: (progress: GenerationProgress) => void, search?: SearchPassages): Promise<void>;
};

const bridge = new WorkerBridge<QuestionWorker>({
  name: 'question',
  create: () =>
    new Worker(new URL('../../../workers/questions.worker.ts', import.meta.url), { type: 'module', name: 'questions' }),
  // A run frees its model, but the heap that held it goes with the worker alone.
  idleMs: 10_000,
  computes: true,
});

/** Writes questions, in a worker. Screens start runs through `jobs`, which keeps them going after a reload. */
export const questionGeneration: QuestionGeneration = {
  estimate: (request) => bridge.call((remote) => remote.estimate(request)),
  create: (request) => bridge.call((remote) => remote.create(request)),
  proceed: async (id, onProgress) => {
    const row = await database().generations.get(id);
    const search = callback(searchPassages(retrieval, row?.workspaceId ?? ''));
    return bridge.call((remote) => remote.proceed(id, onProgress && callback(onProgress), search));
  },
  stop: (id, how) => bridge.call((remote) => remote.stop(id, how)),
};
