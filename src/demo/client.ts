import { adapters } from '../adapters/client.ts';
import { datasets } from '../datasets/client.ts';
import { sampleQuestions } from '../datasets/samples.ts';
import { jobs } from '../jobs/client.ts';
import { listModels } from '../models/client.ts';
import { database } from '../storage/database.ts';
import { training } from '../training/client.ts';
import { loadSamples } from '../workspaces/samples.ts';
import type { DemoServices } from './services.ts';

const CHECKING = 'Checking the questions';

/** The app's own calls, for the page. */
export function demoServices(): DemoServices {
  return {
    db: database(),
    addSamples: async (workspaceId) => void (await jobs.add(workspaceId, await loadSamples())),
    sampleQuestions,
    importDataset: (workspaceId, file, options) => datasets.import(workspaceId, file, options),
    check: checkQuestions,
    generate: async (request) => (await jobs.generate(request)).id,
    train: (request) => jobs.train(request),
    evaluate: (request) => jobs.evaluate(request),
    estimate: (request) => training.estimate(request),
    models: listModels,
    adapters: () => adapters.list(),
  };
}

/** With a row in the tray; ended from there, or by the signal, it has changed nothing. */
const checkQuestions: DemoServices['check'] = (workspaceId, datasetId, signal) =>
  jobs.track({ kind: 'check', workspaceId, title: CHECKING, unit: 'questions' }, (report, cancelled) => {
    const either = AbortSignal.any([signal, cancelled]);
    either.addEventListener('abort', () => void datasets.stop(datasetId));
    return datasets.check(datasetId, ({ stage, done, total }) =>
      report({ done, total, title: `${CHECKING}: ${stage.toLowerCase()}` }),
    );
  });
