import type { AttuneDatabase } from '../storage/database.ts';
import type { TrainingRequest } from './contract.ts';
import { learnedExamples } from './examples.ts';
import { trainingRows } from './run.ts';
import { trainingSettings } from './settings.ts';

/** What an answer model would learn from, and be checked on, each time. */
export interface LearnedCounts {
  learned: number;
  judged: number;
}

/** Counts what a run of an answer model would learn. @throws AttuneError `training/too-few` */
export async function countLearned(
  database: AttuneDatabase,
  { datasetId, ...run }: Pick<TrainingRequest, 'datasetId' | 'settings' | 'seed'>,
): Promise<LearnedCounts> {
  const rows = await trainingRows(database, datasetId);
  const { train, validation } = learnedExamples({ ...run, task: 'generator' }, rows);
  const { validationLimit } = trainingSettings('generator', run.settings);
  return { learned: train.length, judged: Math.min(validation.length, validationLimit) };
}
