import { SvelteSet } from 'svelte/reactivity';
import { evaluation } from '../../../evaluation/client.ts';
import { jobs } from '../../../jobs/client.ts';
import { database } from '../../../storage/database.ts';
import type { EvaluationRow } from '../../../storage/schema.ts';
import { report } from '../../state/errors.svelte.ts';
import { jobList } from '../../state/jobs.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';
import { toasts } from '../../state/toasts.svelte.ts';

const jobIdOf = (evaluationId: string) => `evaluate:${evaluationId}`;

/** Deleted on the screen, in storage until the ten seconds for an undo are over. */
const leaving = new SvelteSet<string>();

/** The comparisons of a workspace, the latest first. */
export function comparisonsOf(workspaceId: string): LiveQuery<EvaluationRow[]> {
  return new LiveQuery(
    () => database().evaluations.where('workspaceId').equals(workspaceId).reverse().sortBy('createdAt'),
    [],
  );
}

export function isLeaving({ id }: EvaluationRow): boolean {
  return leaving.has(id);
}

/** The job's row knows the stage and the time left. */
export function jobRowOf({ id }: EvaluationRow) {
  return jobList.all.find((job) => job.id === jobIdOf(id));
}

export function pauseComparison({ id }: EvaluationRow): void {
  jobList.pause(jobIdOf(id));
}
export function cancelComparison({ id }: EvaluationRow): void {
  jobList.cancel(jobIdOf(id));
}
export async function resumeComparison({ id, workspaceId }: EvaluationRow): Promise<void> {
  await jobs.resumeEvaluation(workspaceId, id);
}

/** Takes a comparison off the screen and, unless it is undone within ten seconds, out of storage. */
export function removeComparison({ id, name }: EvaluationRow): void {
  leaving.add(id);
  toasts.undoable(`Deleted ${name}`, {
    undo: () => leaving.delete(id),
    commit: () =>
      void evaluation.remove(id).catch((error) => {
        leaving.delete(id);
        report(error);
      }),
  });
}
