import type { AttuneDatabase } from '../storage/database.ts';
import type { NodeClient } from './client.ts';
import { ignoreRefusal } from './run-job.ts';

/**
 * Deletes on their node what runs left there: rows, which trials of a sweep share, and tuned models. Verified: see
 * `CompanionClient.removeFile`. Adapters here stay.
 *
 * @param runIds of runs on one node
 * @param clientOf throws an AttuneError when it is not paired or switched off
 */
export async function removeThere(
  database: AttuneDatabase,
  runIds: readonly string[],
  clientOf: (nodeId: string) => Promise<NodeClient>,
): Promise<void> {
  const runs = (await database.runs.bulkGet([...runIds])).flatMap((run) => run?.node ?? []);
  if (!runs[0]) return;
  const client = await clientOf(runs[0].nodeId);
  // A job that waits or is paused still holds its rows; one that is over says so, which is fine too.
  for (const { jobId } of runs) if (jobId) await client.control(jobId, 'cancel').catch(ignoreRefusal);
  for (const fileId of new Set(runs.flatMap(({ fileId }) => fileId ?? []))) {
    await client.removeFile(fileId);
    await database.runs
      .filter(({ node }) => node?.fileId === fileId)
      .modify((row) => {
        row.node = { ...row.node!, fileId: undefined, rows: undefined };
      });
  }
  for (const model of runs.flatMap((run) => run.model ?? [])) {
    await client.removeModel(model);
    await database.runs
      .filter(({ node }) => node?.model === model)
      .modify((row) => {
        row.node = { ...row.node!, model: undefined };
      });
  }
}
