import { isAbort, toProblem, type Problem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { JobRow } from '../storage/schema.ts';

/** How the row of a job begins and ends, for all work whose own state lies in rows of its own. */

/** Writes that a job runs. One that runs already is left alone; one that was stopped goes on with what it had done. */
export async function beginJob(
  db: AttuneDatabase,
  job: Pick<JobRow, 'id' | 'workspaceId' | 'kind' | 'title' | 'unit'>,
): Promise<void> {
  const now = Date.now();
  await db.transaction('rw', db.jobs, async () => {
    const known = await db.jobs.get(job.id);
    if (known?.state === 'running') return;
    await db.jobs.put({
      ...job,
      state: 'running',
      done: known?.done ?? 0,
      total: known?.total ?? 0,
      startedAt: known?.startedAt ?? now,
      updatedAt: now,
    });
  });
}

/** What went wrong; undefined where the work came to its end or was stopped. */
export function problemOf(failure: unknown): Problem | undefined {
  return failure === undefined || isAbort(failure) ? undefined : toProblem(failure);
}

/** How a job ends after its work did, with `failure` where that threw. */
export function endOf({ total }: Pick<JobRow, 'total'>, failure: unknown): Partial<JobRow> {
  const problem = problemOf(failure);
  if (problem) return { state: 'failed', problem };
  return failure === undefined ? { state: 'done', done: total } : { state: 'paused' };
}
