import { liveQuery } from 'dexie';
import { AttuneError, isAbort, toProblem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { JobKind, JobRow } from '../storage/schema.ts';
import { JobRecord, type JobProgress } from './job-record.ts';

export interface TrackedWork {
  kind: JobKind;
  workspaceId: string | null;
  title: string;
  /** Plural noun of what is counted. */
  unit: string;
}

const lockName = (id: string) => `attune-job:${id}`;

/**
 * Runs long work of this tab (an export, a download) with a row in the tray. A Web Lock held meanwhile tells other
 * tabs, and this one after a reload, whether somebody is still at it.
 *
 * @param work gets a function to report progress and a signal that fires when the job is cancelled from any tab.
 * @throws what `work` throws; AbortError when cancelled.
 */
export async function trackJob<T>(
  db: AttuneDatabase,
  { kind, workspaceId, title, unit }: TrackedWork,
  work: (report: (progress: JobProgress) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const id = crypto.randomUUID();
  const now = Date.now();
  const controller = new AbortController();
  const record = new JobRecord(db, id);
  return navigator.locks.request(lockName(id), async () => {
    await db.jobs.add({
      id,
      workspaceId,
      kind,
      title,
      state: 'running',
      done: 0,
      total: 0,
      unit,
      startedAt: now,
      updatedAt: now,
    });
    const watch = liveQuery(() => db.jobs.get(id)).subscribe((row) => {
      if (row?.state === 'cancelled') controller.abort(new DOMException('The job was cancelled.', 'AbortError'));
    });
    try {
      const result = await work((progress) => record.report(progress), controller.signal);
      await record.flush();
      await end(db, id, { state: 'done', secondsLeft: undefined });
      return result;
    } catch (error) {
      await end(db, id, isAbort(error) ? { state: 'cancelled' } : { state: 'failed', problem: toProblem(error) });
      throw error;
    } finally {
      watch.unsubscribe();
    }
  });
}

async function end(db: AttuneDatabase, id: string, changes: Partial<JobRow>): Promise<void> {
  await db.jobs.update(id, { ...changes, updatedAt: Date.now() });
}

/** Taken up again by the tab that owns the workspace. */
const RESUMED = new Set<JobKind>(['ingest', 'embed', 'train', 'evaluate', 'generate']);

/** Marks tracked jobs whose tab is gone as interrupted. Called at start; those that the owner takes up go on by themselves. */
export async function endOrphans(db: AttuneDatabase): Promise<void> {
  const held = new Set((await navigator.locks.query()).held?.map((lock) => lock.name));
  const running = await db.jobs.where('state').equals('running').toArray();
  const interrupted = new AttuneError('job/interrupted', 'The tab was closed before this was done.', 'Start it again.');
  for (const row of running) {
    if (RESUMED.has(row.kind) || held.has(lockName(row.id))) continue;
    await end(db, row.id, { state: 'failed', problem: toProblem(interrupted) });
  }
}
