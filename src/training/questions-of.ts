import type { AttuneDatabase } from '../storage/database.ts';
import type { RunRow } from '../storage/schema.ts';
import { questionsLearned } from './settings.ts';

/**
 * Questions that a run learned from, whatever its data set holds by now.
 *
 * @returns undefined where a run of an older app does not say so, and no version of the data set is what it was
 */
export async function questionsOf(db: AttuneDatabase, run: RunRow): Promise<number | undefined> {
  if (run.questions !== undefined) return run.questions;
  const dataset = await db.datasets.get(run.datasetId);
  const versions = await db.datasetVersions.where('datasetId').equals(run.datasetId).toArray();
  const learned = [dataset, ...versions].find((version) => version?.hash === run.datasetHash);
  return learned && questionsLearned(run.settings, learned.counts.train);
}
