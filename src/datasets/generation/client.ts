import { callback, WorkerBridge } from '../../bridge/worker-bridge.ts';
import { retrieval } from '../../retrieval/client.ts';
import { database } from '../../storage/database.ts';
import { AttuneError } from '../../errors/attune-error.ts';
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
});

/** After these the worker's memory or device is of no use any more: the next call gets a fresh one. */
const FATAL = new Set(['engine/out-of-memory', 'engine/device-lost', 'engine/load-failed', 'worker/stopped']);

async function call<T>(run: Parameters<typeof bridge.call<T>>[0]): Promise<T> {
  try {
    return await bridge.call(run);
  } catch (error) {
    if (error instanceof AttuneError && FATAL.has(error.code)) bridge.stop();
    throw error;
  }
}

/** Writes questions, in a worker. Screens start runs through `jobs`, which keeps them going after a reload. */
export const questionGeneration: QuestionGeneration = {
  estimate: (request) => call((remote) => remote.estimate(request)),
  create: (request) => call((remote) => remote.create(request)),
  proceed: async (id, onProgress) => {
    const row = await database().generations.get(id);
    const search = callback(searchPassages(retrieval, row?.workspaceId ?? ''));
    return call((remote) => remote.proceed(id, onProgress && callback(onProgress), search));
  },
  stop: (id, how) => call((remote) => remote.stop(id, how)),
};
