import { adapters } from '../adapters/client.ts';
import { datasets } from '../datasets/client.ts';
import { sampleQuestions } from '../datasets/samples.ts';
import { jobs } from '../jobs/client.ts';
import { listModels } from '../models/client.ts';
import { database } from '../storage/database.ts';
import { training } from '../training/client.ts';
import { loadSamples } from '../workspaces/samples.ts';
import type { DemoServices } from './services.ts';

/** The app's own calls, for the page. */
export function demoServices(): DemoServices {
  return {
    db: database(),
    addSamples: async (workspaceId) => void (await jobs.add(workspaceId, await loadSamples())),
    sampleQuestions,
    importDataset: (workspaceId, file, options) => datasets.import(workspaceId, file, options),
    generate: async (request) => (await jobs.generate(request)).id,
    train: (request) => jobs.train(request),
    evaluate: (request) => jobs.evaluate(request),
    estimate: (request) => training.estimate(request),
    models: listModels,
    adapters: () => adapters.list(),
  };
}
