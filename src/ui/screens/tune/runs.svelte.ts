import { SvelteSet } from 'svelte/reactivity';
import { isHeldThere } from '../../../companion/held-there.ts';
import { jobs, trainingJobId } from '../../../jobs/client.ts';
import { database } from '../../../storage/database.ts';
import type { RunPointRow, RunRow } from '../../../storage/schema.ts';
import { training } from '../../../training/client.ts';
import type { SweepRequest, TrainingRequest } from '../../../training/contract.ts';
import { report } from '../../state/errors.svelte.ts';
import { jobList } from '../../state/jobs.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';
import { nodes } from '../../state/nodes.svelte.ts';
import { toasts } from '../../state/toasts.svelte.ts';

/** What people do with runs, and the points behind their curves. */

/** Deleted on the screen, in storage until the ten seconds for an undo are over. */
const leaving = new SvelteSet<string>();
const points = new Map<string, LiveQuery<RunPointRow[]>>();

/** The runs of a workspace, the latest first. */
export function runsOf(workspaceId: string): LiveQuery<RunRow[]> {
  return new LiveQuery(
    () => database().runs.where('workspaceId').equals(workspaceId).reverse().sortBy('createdAt'),
    [],
  );
}

export function isLeaving(run: RunRow): boolean {
  return leaving.has(run.id);
}

/** Steps and validations of a run; one query for all that show them. */
export function pointsOf(runId: string): LiveQuery<RunPointRow[]> {
  let query = points.get(runId);
  if (!query) {
    query = new LiveQuery(() => database().runPoints.where('runId').equals(runId).toArray(), []);
    points.set(runId, query);
  }
  return query;
}

/** @returns the run's id. */
export async function startRun(request: TrainingRequest): Promise<string> {
  await training.cancelEstimate();
  return jobs.train(request);
}

/** @returns the sweep's id. */
export async function startSweep(request: SweepRequest): Promise<string> {
  await training.cancelEstimate();
  return jobs.sweep(request);
}

/** A trial is stopped and continued with its whole sweep. */
function jobOf({ id, sweepId, node }: RunRow): string {
  return trainingJobId(sweepId ? { sweepId } : { runId: id }, node ? 'node' : 'tab');
}

/** The job's row knows the stage and the time left. */
export function jobRowOf(run: RunRow) {
  return jobList.all.find(({ id }) => id === jobOf(run));
}

export function pauseRun(run: RunRow): void {
  jobList.pause(jobOf(run));
}
export function cancelRun(run: RunRow): void {
  jobList.cancel(jobOf(run));
}
export async function resumeRun({ workspaceId, id }: RunRow): Promise<void> {
  await jobs.resumeRun(workspaceId, id);
}

const onNodes = () => import('../../../companion/app-runs.ts');

/** Makes an adapter of a run's best step, or brings it home from the node. @returns its id */
export async function keepBest(run: RunRow): Promise<string> {
  return run.node ? (await onNodes()).nodeRuns.keep(run.id) : training.keep(run.id);
}

/** Whether what lies on its node can still be deleted from here. */
function isInReach(run: RunRow): boolean {
  return isHeldThere(run) && !nodes.isForgotten(run.node!.nodeId);
}

/** Deletes what runs left on their node, rows and models; asks the node whether they are gone. */
export async function removeFromNode(runs: readonly RunRow[]): Promise<void> {
  await (await onNodes()).removeFromNode(runs);
}

/** What lies on a node goes first: without the run's row nobody would know of it. */
async function removeStored(runs: readonly RunRow[]): Promise<void> {
  const held = runs.filter(isInReach);
  if (held.length > 0) await removeFromNode(held);
  await Promise.all(runs.map(({ id }) => training.remove(id)));
}

/** Takes ended runs off the screen and, unless it is undone within ten seconds, out of storage. Adapters stay. */
export function removeRuns(runs: readonly RunRow[], name: string): void {
  for (const { id } of runs) leaving.add(id);
  toasts.undoable(`Deleted ${name}`, {
    undo: () => runs.forEach(({ id }) => leaving.delete(id)),
    commit: () =>
      void removeStored(runs).catch((error) => {
        for (const { id } of runs) leaving.delete(id);
        report(error);
      }),
  });
}
