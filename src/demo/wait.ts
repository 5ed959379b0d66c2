import { liveQuery } from 'dexie';

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
