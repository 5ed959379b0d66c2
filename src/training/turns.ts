/** Lets one piece of work after the other have the device, which holds one model at a time. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @param signal once it is aborted, `work` need not wait: it sees the signal too, and ends without the device */
  take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const result = Promise.race([before, aborted(signal)]).then(work);
    this.#last = Promise.allSettled([before, result]);
    return result;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
