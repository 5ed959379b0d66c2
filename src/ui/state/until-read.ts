import { liveQuery } from 'dexie';
import { jobId } from '../../jobs/client.ts';
import { database } from '../../storage/database.ts';

/** Resolves when no document of a workspace is being read: at once, at the end, or when reading is paused or fails. */
export function untilRead(workspaceId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const watch = liveQuery(() => database().jobs.get(jobId(workspaceId, 'ingest'))).subscribe({
      next: (job) => {
        if (job?.state === 'running') return;
        resolve();
        // Asynchronous: the first value may come before there is a subscription to end.
        queueMicrotask(() => watch.unsubscribe());
      },
      error: reject,
    });
  });
}
