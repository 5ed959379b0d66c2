import { onTestFinished } from 'vitest';
import { keepAdapter } from '../../src/adapters/keep.ts';
import type { ModelDescription } from '../../src/models/contract.ts';
import { AttuneDatabase } from '../../src/storage/database.ts';
import type { RunRow } from '../../src/storage/schema.ts';
import type { TrainingRequest } from '../../src/training/contract.ts';
import { Training } from '../../src/training/service.ts';
import { MemoryFolders } from './memory-folders.ts';
import { vectorTask } from './vector-task.ts';

const model: ModelDescription = {
  id: 'model',
  name: 'A model',
  role: 'embedder',
  format: 'safetensors',
  architecture: 'bert',
  files: [],
  bytes: 0,
  licence: 'Apache-2.0',
  source: 'test',
  location: { kind: 'opfs', folder: 'models/model' },
};
export const request: TrainingRequest = {
  workspaceId: 'w',
  task: 'linear',
  modelId: 'model',
  datasetId: 'd',
  settings: { steps: 20, batchSize: 8, learningRate: 0.02, validateEvery: 5, patience: 0, checkpointEvery: 4 },
  seed: 5,
};

let databases = 0;

interface Options {
  /** Thrown before a step: of every run, or of those that `of` names. */
  failing?: { step: number; error: Error; of?: (run: RunRow) => boolean };
  onStep?: (step: number) => void;
  onAdapter?: () => void;
  /** Called when an adapter is filed, and the run's row does not say so yet. */
  onKept?: () => void;
  memoryLimit?: number;
  /** What an estimate is told of the time before the first step. */
  secondsBefore?: number;
  /** Lets other work in between steps, as a real device does. */
  breathe?: boolean;
}

/** The service over a database and files that outlive it: `restart` is what a new worker has. */
export async function setUpTraining() {
  const db = new AttuneDatabase(`training-test-${databases++}`);
  onTestFinished(() => db.delete());
  const folders = new MemoryFolders();
  const now = 0;
  const counts = { train: 32, validation: 8, test: 4 };
  await db.datasets.add({
    id: 'd',
    workspaceId: 'w',
    name: 'Questions',
    source: 'test',
    hash: 'hash',
    counts,
    createdAt: now,
    updatedAt: now,
  });
  /** How many are loaded, and were at once at most. */
  const models = { loaded: 0, most: 0 };
  const start = ({ failing, onStep, onAdapter, onKept, memoryLimit, secondsBefore, breathe }: Options = {}) =>
    new Training({
      database: db,
      folders,
      describeModel: async () => model,
      prepare: async (run) => {
        const beforeStep = async (step: number) => {
          if (step === failing?.step && (failing.of?.(run) ?? true)) throw failing.error;
          onStep?.(step);
          if (breathe) await new Promise(setImmediate);
        };
        const task = vectorTask(run.settings, run.seed, beforeStep, onAdapter);
        models.most = Math.max(models.most, ++models.loaded);
        const dispose = () => task.dispose().finally(() => models.loaded--);
        const { memoryBytes } = task;
        return { task: { ...task, memoryBytes, ...(secondsBefore && { secondsBefore }), dispose }, device: 'here' };
      },
      openModel: () => Promise.reject(new TypeError('No model is needed.')),
      weigh: async () => 0.9,
      memoryLimit: () => memoryLimit,
      keepAdapter: async (run, tuned, scores) => {
        const { id: runId, name, task } = run;
        const card = { workspaceId: 'w', name, description: '', task, scores, source: 'test', runId };
        const { id } = await keepAdapter(db, folders, tuned, model, card);
        onKept?.();
        return id;
      },
    });
  const curve = async (runId: string) =>
    (await db.runPoints.where('runId').equals(runId).toArray()).map(({ step, kind, loss, score }) => ({
      step,
      kind,
      loss,
      score,
    }));
  const weights = async () => (await db.adapters.toArray()).map(({ sha256 }) => sha256);
  return { db, folders, start, curve, weights, models };
}
