import { AttuneError } from '../errors/attune-error.ts';
import { ingest } from '../ingest/client.ts';
import type { AddResult, SourceFile } from '../ingest/contract.ts';
import { retrieval } from '../retrieval/client.ts';
import { database } from '../storage/database.ts';
import type { JobProgress } from './job-record.ts';
import { endOrphans, trackJob, type TrackedWork } from './tracked-job.ts';
import { WorkspaceJobs, type JobServices } from './workspace-jobs.ts';

export { jobId } from './workspace-jobs.ts';
export type { JobProgress } from './job-record.ts';
export type { TrackedWork } from './tracked-job.ts';

/** Starts long work of this tab. Pausing and cancelling go through the rows (see README). */
class Jobs {
  #services: JobServices = { ingest, retrieval };
  #owned = new Map<string, WorkspaceJobs>();

  /** Tidies up after closed tabs; called once at start. */
  start(): Promise<void> {
    return endOrphans(database());
  }

  /** This tab has the workspace's writes: unfinished work goes on here. */
  own(workspaceId: string): void {
    if (this.#owned.has(workspaceId)) return;
    const workspaceJobs = new WorkspaceJobs(workspaceId, this.#services, database());
    this.#owned.set(workspaceId, workspaceJobs);
    workspaceJobs.follow();
  }

  /** The writes go to another tab, or the workspace is deleted: stop after the commit in progress. */
  async disown(workspaceId: string): Promise<void> {
    const workspaceJobs = this.#owned.get(workspaceId);
    this.#owned.delete(workspaceId);
    await workspaceJobs?.leave();
  }

  /**
   * Stores files, then reads and embeds them. Resolves when they are stored; the rest goes on as a job.
   *
   * @throws AttuneError `workspace/read-only` when another tab owns the workspace.
   */
  add(workspaceId: string, sources: SourceFile[]): Promise<AddResult> {
    return this.#workspace(workspaceId).add(sources);
  }

  /** Reads waiting documents (after `requeue`) and embeds them. @throws AttuneError `workspace/read-only` */
  async read(workspaceId: string): Promise<void> {
    await this.#workspace(workspaceId).begin('read');
  }

  /** Brings the search index up to date, e.g. after documents were removed. @throws AttuneError `workspace/read-only` */
  async embed(workspaceId: string): Promise<void> {
    await this.#workspace(workspaceId).begin('embed');
  }

  /** Runs other long work of this tab with a row in the tray: see {@link trackJob}. */
  track<T>(
    work: TrackedWork,
    run: (report: (progress: JobProgress) => void, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return trackJob(database(), work, run);
  }

  #workspace(workspaceId: string): WorkspaceJobs {
    const workspaceJobs = this.#owned.get(workspaceId);
    if (workspaceJobs) return workspaceJobs;
    throw new AttuneError(
      'workspace/read-only',
      'Another tab has this workspace open and writes to it.',
      'Make the change in that tab, or close it and try again here.',
    );
  }
}

export const jobs = new Jobs();
