import { keepAdapter } from '../adapters/keep.ts';
import { openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';
import { opfsFolders } from '../storage/folders.ts';
import { cardOfRun } from './adapter-card.ts';
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
      const row = await keepAdapter(db, opfsFolders, tuned, description, {
        ...(await cardOfRun(db, run)),
        scores,
        source: 'trained here',
      });
      return row.id;
    },
  });
}
