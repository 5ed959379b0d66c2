import * as Comlink from 'comlink';
import { AttuneError } from '../errors/attune-error.ts';
import { carryErrorsWhole } from './error-transfer.ts';

let errorsAreCarried = false;
let gate: Promise<unknown> = Promise.resolve();

/**
 * Lets no worker start before `condition` settled. On a first visit that is the service worker's control: what a worker
 * loads before it (weights, wasm) would not be kept for offline use.
 */
export function holdWorkersUntil(condition: Promise<unknown>): void {
  gate = condition.catch(() => undefined);
}

/** Options of a {@link WorkerBridge}. */
export interface BridgeOptions {
  /** Shown in messages: "The search worker stopped". */
  name: string;
  /** Builds the worker. Written at the call site so that Vite sees `new Worker(new URL(…), …)`. */
  create: () => Worker;
  /** Milliseconds without a running call after which the worker is ended and its memory given back; absent: never. */
  idleMs?: number;
  /** It computes with models: once a call says that its memory or device is of no use any more, it is ended. */
  computes?: boolean;
}

/** After these a worker that computes is good for nothing: the next call gets a fresh one. */
const FATAL = new Set(['engine/out-of-memory', 'engine/device-lost', 'engine/load-failed', 'worker/stopped']);

/**
 * A handle on a service in a worker that may die. The worker starts with the first call, every call races against the
 * worker's crash, a crashed worker is replaced by the next call, and an idle one is ended.
 */
export class WorkerBridge<Service> {
  #options: BridgeOptions;
  #worker: Worker | undefined;
  #remote: Comlink.Remote<Service> | undefined;
  /** Rejects when the worker crashes or is ended: Comlink's own promises would never settle. */
  #end: { promise: Promise<never>; reject: (error: Error) => void } | undefined;
  #running = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /**
   * Runs one call against the service.
   *
   * @param call receives the Comlink remote; arguments must be structured-cloneable, callbacks wrapped in `callback()`.
   * @throws AttuneError `worker/stopped` when the worker crashes during the call (out of memory, script error), or is
   *   ended because another call found it spent
   */
  async call<T>(call: (remote: Comlink.Remote<Service>) => Promise<T>): Promise<T> {
    await gate;
    this.#start();
    clearTimeout(this.#idleTimer);
    this.#running++;
    const worker = this.#worker;
    try {
      return await Promise.race([call(this.#remote!), this.#end!.promise]);
    } catch (error) {
      const spent = this.#options.computes && error instanceof AttuneError && FATAL.has(error.code);
      // Another call may have got a fresh one meanwhile.
      if (spent && this.#worker === worker) this.stop();
      throw error;
    } finally {
      this.#running--;
      this.#scheduleIdleStop();
    }
  }

  /** Calls in progress. */
  get running(): number {
    return this.#running;
  }

  /**
   * Ends the worker now and frees its memory; the next call starts a fresh one.
   *
   * @param why what calls in progress are rejected with
   */
  stop(why: Error = this.#stopped('it was ended')): void {
    clearTimeout(this.#idleTimer);
    this.#remote?.[Comlink.releaseProxy]();
    this.#worker?.terminate();
    this.#end?.reject(why);
    this.#worker = this.#remote = this.#end = undefined;
  }

  #start(): void {
    if (this.#worker) return;
    if (!errorsAreCarried) carryErrorsWhole();
    errorsAreCarried = true;
    const worker = this.#options.create();
    this.#worker = worker;
    this.#remote = Comlink.wrap<Service>(worker);
    let reject: (error: Error) => void = () => undefined;
    const promise = new Promise<never>((_, end) => (reject = end));
    this.#end = { promise, reject };
    // An end while nothing runs is nobody's failure: the next call starts a fresh worker.
    promise.catch(() => undefined);
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      reject(this.#stopped(event.message || 'it could not be loaded'));
      if (this.#worker === worker) this.stop();
    });
  }

  #stopped(why: string): AttuneError {
    return new AttuneError(
      'worker/stopped',
      `The ${this.#options.name} worker stopped: ${why}.`,
      'Try again: it is started anew. If it stops again, close other tabs to free memory.',
    );
  }

  #scheduleIdleStop(): void {
    if (this.#running > 0 || this.#options.idleMs === undefined) return;
    this.#idleTimer = setTimeout(() => this.stop(), this.#options.idleMs);
  }
}

/** Wraps a function so that a worker can call it back (progress). */
export function callback<F extends (...args: never[]) => unknown>(f: F): F & Comlink.ProxyMarked {
  return Comlink.proxy(f);
}
