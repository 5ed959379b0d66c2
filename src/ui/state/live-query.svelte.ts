import { liveQuery } from 'dexie';
import { createSubscriber } from 'svelte/reactivity';
import { report } from './errors.svelte.ts';

/**
 * A database query as reactive state: reading `current` in a component or `$derived` subscribes, and the value follows
 * every write of any tab or worker. A new one is made where the query's inputs change (`$derived(new LiveQuery(…))`).
 */
export class LiveQuery<T> {
  // Plain fields, announced by the subscriber: `$state` made within a `$derived` is not followed by that very `$derived`.
  #current: T;
  #loaded = false;
  #subscribe: () => void;

  /**
   * @param query runs again whenever a row that it read has changed.
   * @param initial the value until the first result is there.
   */
  constructor(query: () => T | Promise<T>, initial: T) {
    this.#current = initial;
    this.#subscribe = createSubscriber((update) => {
      const subscription = liveQuery(query).subscribe({
        next: (value) => {
          this.#current = value;
          this.#loaded = true;
          update();
        },
        error: (error) => report(error),
      });
      return () => subscription.unsubscribe();
    });
  }

  get current(): T {
    this.#subscribe();
    return this.#current;
  }

  /** False until the first result: show a placeholder of the same size, not an empty state. */
  get loaded(): boolean {
    this.#subscribe();
    return this.#loaded;
  }
}
