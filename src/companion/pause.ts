/** Waits, less long when the network comes back. @throws the signal's reason */
export function pause(ms: number, signal?: AbortSignal, network?: EventTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const end = (settle: () => void) => {
      clearTimeout(timer);
      done.abort();
      settle();
    };
    const timer = setTimeout(() => end(resolve), ms);
    const once = { once: true, signal: done.signal };
    network?.addEventListener('online', () => end(resolve), once);
    signal?.addEventListener('abort', () => end(() => reject(signal.reason as Error)), once);
    if (signal?.aborted) end(() => reject(signal.reason as Error));
  });
}
