/** Lets work wait for the work before it, by key: one piece at a time for each, in the order of asking. */
export class Turns {
  #last = new Map<string, Promise<unknown>>();

  /** @throws the signal's reason, while it waits; whatever `work` throws */
  take<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = unlessAborted(before, signal).then(work);
    // One that gave up waiting must not let the next one in before its time.
    this.#last.set(key, Promise.allSettled([before, mine]));
    return mine;
  }
}

/** @throws the signal's reason as soon as it fires */
function unlessAborted(waiting: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void waiting.finally(() => signal.removeEventListener('abort', stop)).then(resolve);
  });
}
