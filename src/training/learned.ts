import type { AttuneDatabase } from '../storage/database.ts';
import type { TrainingRequest } from './contract.ts';
import { limitQuestions, trainingExamples } from './examples.ts';
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
  { datasetId, settings: overrides, seed }: Pick<TrainingRequest, 'datasetId' | 'settings' | 'seed'>,
): Promise<LearnedCounts> {
  const settings = trainingSettings('generator', overrides);
  const { train, validation } = trainingExamples(await trainingRows(database, datasetId), 'answer');
  return {
    learned: limitQuestions(train, settings.examplesLimit, seed ?? settings.seed).length,
    judged: Math.min(validation.length, settings.validationLimit),
  };
}
