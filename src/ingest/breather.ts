/** Longest time without looking at messages, in milliseconds: a stop is heard within it. */
const longestSpell = 40;

/** Lets the event loop turn now and then during long synchronous work, so that `stop` can arrive. */
export class Breather {
  readonly #signal: AbortSignal;
  #last = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** @throws DOMException AbortError */
  async breathe(): Promise<void> {
    if (performance.now() - this.#last < longestSpell) return;
    await nextTask();
    this.#signal.throwIfAborted();
    this.#last = performance.now();
  }
}

/** A message comes back without the four milliseconds that nested timers wait. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
