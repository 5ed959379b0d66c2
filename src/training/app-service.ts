import { keepAdapter } from '../adapters/keep.ts';
import { openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';
import { opfsFolders } from '../storage/folders.ts';
import type { RunRow } from '../storage/schema.ts';
import { memoryLimit } from './memory-limit.ts';
import { prepareInApp } from './prepare.ts';
import { Training } from './service.ts';

/** The training service over the app's database, models and files. */
export function trainingService(): Training {
  const db = database();
  return new Training({
    database: db,
    folders: opfsFolders,
    describeModel: async (modelId) => (await openModel(modelId)).description,
    prepare: prepareInApp(db),
    memoryLimit,
    keepAdapter: async (run, tuned, scores) => {
      const { description } = await openModel(run.modelId);
      const dataset = await db.datasets.get(run.datasetId);
      const row = await keepAdapter(db, opfsFolders, tuned, description, {
        workspaceId: run.workspaceId,
        name: run.name,
        description: dataset ? `Tuned on ${dataset.name} (${dataset.counts.train} questions).` : '',
        task: run.task,
        scores,
        source: 'trained here',
        runId: run.id,
        datasetHash: run.datasetHash,
        ...(await recipeOfRun(run)),
      });
      return row.id;
    },
  });
}

/** A generator is asked as it was trained. */
async function recipeOfRun(run: RunRow) {
  if (run.task !== 'generator') return {};
  const { recipeOf } = await import('./tasks/recipe.ts');
  return { recipe: recipeOf(run.settings) };
}
