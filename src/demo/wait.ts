import { liveQuery } from 'dexie';
import type { RunState } from '../storage/schema.ts';

/**
 * The first value of a database query that satisfies `isThere`; the query runs again whenever its rows change.
 *
 * @throws AbortError when the signal fires, whatever the query throws
 */
export async function waitFor<T>(
  query: () => Promise<T>,
  isThere: (value: T) => boolean,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const end = () => {
      signal.removeEventListener('abort', abort);
      // Asynchronous: the first value may come before there is a subscription to end.
      queueMicrotask(() => watch.unsubscribe());
    };
    const abort = () => {
      end();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
    const watch = liveQuery(query).subscribe({
      next: (value) => {
        if (!isThere(value)) return;
        end();
        resolve(value);
      },
      error: (error: unknown) => {
        end();
        reject(error as Error);
      },
    });
  });
}

/** The id of a job's row unless it failed, was cancelled or is gone: then the step begins it anew. */
export async function unbroken(
  id: string | undefined,
  get: (id: string) => Promise<{ state: RunState } | undefined>,
): Promise<string | undefined> {
  const row = id === undefined ? undefined : await get(id);
  return row && row.state !== 'failed' && row.state !== 'cancelled' ? id : undefined;
}
