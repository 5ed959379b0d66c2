import { adapterBase } from '../adapters/base.ts';
import { keepAdapter } from '../adapters/keep.ts';
import { openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';
import { opfsFolders } from '../storage/folders.ts';
import { cardOfRun } from './adapter-card.ts';
import { memoryLimit } from './memory-limit.ts';
import { prepareInApp, weighInApp } from './prepare.ts';
import { Training } from './service.ts';

/** The training service over the app's database, models and files. */
export function trainingService(): Training {
  const db = database();
  return new Training({
    database: db,
    folders: opfsFolders,
    describeModel: (modelId) => adapterBase(modelId, db),
    prepare: prepareInApp(db),
    openModel,
    weigh: weighInApp(db),
    memoryLimit,
    keepAdapter: async (run, tuned, scores) => {
      const row = await keepAdapter(db, opfsFolders, tuned, await adapterBase(run.modelId, db), {
        ...(await cardOfRun(db, run)),
        scores,
        source: 'trained here',
      });
      return row.id;
    },
  });
}
