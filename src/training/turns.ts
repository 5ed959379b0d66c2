/** Lets one piece of work after the other have what only one can have at a time: a device, a connection to a node. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @param signal once it is aborted, `work` need not wait: it sees the signal too, and ends without what it waited for */
  take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const result = unlessAborted(before, signal).then(work);
    // One that gave up waiting must not let the next one in before its time.
    this.#last = Promise.allSettled([before, result]);
    return result;
  }
}

function unlessAborted(waiting: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => resolve();
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void waiting.finally(() => signal.removeEventListener('abort', stop)).then(stop);
  });
}
