import { database } from '../../storage/database.ts';
import type { JobRow, JobState } from '../../storage/schema.ts';
import { report } from './errors.svelte.ts';
import { LiveQuery } from './live-query.svelte.ts';

/**
 * The jobs of all workspaces, the running ones first. Pause, continue and cancel write the row; whoever works on the
 * job follows it, in whichever tab.
 */
class JobList {
  #rows = new LiveQuery<JobRow[]>(() => database().jobs.toArray(), []);

  get all(): JobRow[] {
    const order: Record<JobState, number> = { running: 0, paused: 1, failed: 2, cancelled: 3, done: 3 };
    return this.#rows.current.toSorted((a, b) => order[a.state] - order[b.state] || b.updatedAt - a.updatedAt);
  }

  get running(): JobRow[] {
    return this.all.filter((job) => job.state === 'running');
  }

  get failed(): JobRow[] {
    return this.all.filter((job) => job.state === 'failed');
  }

  get ended(): JobRow[] {
    return this.all.filter((job) => job.state === 'done' || job.state === 'cancelled' || job.state === 'failed');
  }

  /** A job of a workspace by kind, for progress shown in place. */
  of(workspaceId: string, kind: JobRow['kind']): JobRow | undefined {
    return this.all.find((job) => job.workspaceId === workspaceId && job.kind === kind);
  }

  pause(id: string): void {
    this.#set(id, 'paused');
  }

  resume(id: string): void {
    this.#set(id, 'running');
  }

  cancel(id: string): void {
    this.#set(id, 'cancelled');
  }

  clearEnded(): void {
    database()
      .jobs.bulkDelete(this.ended.map((job) => job.id))
      .catch(report);
  }

  #set(id: string, state: JobState): void {
    database()
      .jobs.update(id, { state, secondsLeft: undefined, problem: undefined, updatedAt: Date.now() })
      .catch(report);
  }
}

export const jobList = new JobList();
