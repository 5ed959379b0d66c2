import type { AdapterDescription } from '../../../adapters/contract.ts';
import type { DatasetRow, RunRow } from '../../../storage/schema.ts';

/**
 * Ids of adapters whose run learnt from this data set in another state. It may have been split anew since: then questions
 * that are locked away now may have been in the training part, and nothing tells which.
 */
export function tunedBefore(
  adapters: readonly Pick<AdapterDescription, 'id' | 'runId'>[],
  runs: readonly Pick<RunRow, 'id' | 'datasetId' | 'datasetHash'>[],
  { id: datasetId, hash }: Pick<DatasetRow, 'id' | 'hash'>,
): ReadonlySet<string> {
  const others = new Set(
    runs.filter((run) => run.datasetId === datasetId && run.datasetHash !== hash).map(({ id }) => id),
  );
  return new Set(adapters.filter(({ runId }) => runId !== undefined && others.has(runId)).map(({ id }) => id));
}
