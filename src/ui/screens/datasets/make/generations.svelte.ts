import { jobs, rowJobId } from '../../../../jobs/client.ts';
import { database } from '../../../../storage/database.ts';
import type { ExampleRow, GenerationRow } from '../../../../storage/schema.ts';
import { jobList } from '../../../state/jobs.svelte.ts';
import { LiveQuery } from '../../../state/live-query.svelte.ts';

/** Questions shown while they are being written. */
const LATEST = 6;

/** The runs that wrote into a data set, the latest first. */
export function generationsOf(datasetId: string): LiveQuery<GenerationRow[]> {
  return new LiveQuery(async () => {
    const rows = await database().generations.where('datasetId').equals(datasetId).toArray();
    return rows.sort((a, b) => b.createdAt - a.createdAt);
  }, []);
}

/** The last rows of a data set, the newest first. */
export function latestRows(datasetId: string): LiveQuery<ExampleRow[]> {
  return new LiveQuery(
    () =>
      database()
        .examples.where('[datasetId+ordinal]')
        .between([datasetId, -Infinity], [datasetId, Infinity])
        .reverse()
        .limit(LATEST)
        .toArray(),
    [],
  );
}

const jobOf = (generationId: string) => rowJobId('generate', generationId);

/** The job's row knows the time left. */
export function jobRowOf({ id }: GenerationRow) {
  return jobList.all.find((job) => job.id === jobOf(id));
}

export function pause({ id }: GenerationRow): void {
  jobList.pause(jobOf(id));
}
export function cancel({ id }: GenerationRow): void {
  jobList.cancel(jobOf(id));
}
export async function resume({ id, workspaceId }: GenerationRow): Promise<void> {
  await jobs.resumeGeneration(workspaceId, id);
}
