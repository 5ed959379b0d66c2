import type { EvaluationEstimate, EvaluationProgress, EvaluationStage } from '../contract.ts';
import { contentKey, type ResultCache } from './cache.ts';

/** What one step takes where nothing was measured yet, in seconds on a laptop's processor. */
const USUAL_SECONDS: Record<EvaluationStage, number> = {
  embed: 1.5,
  search: 0.02,
  rerank: 0.4,
  answer: 3,
  similarity: 0.02,
  judge: 6,
  prefer: 3,
};

/** Like steps of one stage with one set of models. */
export interface Work<Item, Value> {
  stage: EvaluationStage;
  /** In words, for the progress. */
  title: string;
  items: readonly Item[];
  /** All that a result depends on, as JSON; timings are part of the result and not of this. */
  dependsOn: (item: Item) => unknown;
  /** Loads what it needs when it is first called. */
  compute: (item: Item) => Promise<Value>;
  /** Whether a result may be kept for good; one that is not counts now and is asked for anew by the next run. Absent: each. */
  isFinal?: (value: Value) => boolean;
  /** How many are computed at once after the first; absent: one. */
  atOnce?: number;
}

export interface DeskOptions {
  cache: ResultCache;
  signal: AbortSignal;
  /** Nothing is computed: results that the cache lacks are missing. */
  dry?: boolean;
  onProgress?: ((progress: EvaluationProgress) => void) | undefined;
}

/**
 * Takes work through the cache: what is known is read, the rest computed, each result filed as soon as it is
 * there. So a killed tab loses the step in hand, and nothing is computed twice.
 */
export class Desk {
  readonly #options: DeskOptions;
  /** Steps that are still to be announced or done, by stage. */
  readonly #left = new Map<EvaluationStage, number>();
  readonly #pace = new Map<EvaluationStage, { steps: number; seconds: number }>();
  readonly #counts = new Map<EvaluationStage, { steps: number; cached: number }>();
  #done = 0;
  #total = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Says beforehand how many steps a stage will have in all, for the progress. */
  expect(stage: EvaluationStage, steps: number): void {
    this.#left.set(stage, (this.#left.get(stage) ?? 0) + steps);
    this.#total += steps;
  }

  /** A step that was expected turned out not to be needed. */
  skip(stage: EvaluationStage): void {
    this.#left.set(stage, Math.max(0, (this.#left.get(stage) ?? 0) - 1));
    this.#total--;
  }

  /** Results by item. `onResult` is told of each as it comes, known ones first. @throws DOMException AbortError */
  async take<Item, Value>(
    { stage, title, items, dependsOn, compute, isFinal = () => true, atOnce = 1 }: Work<Item, Value>,
    onResult?: (item: Item, value: Value) => Promise<void> | void,
  ): Promise<Map<Item, Value>> {
    const { cache, signal, dry } = this.#options;
    const keys = new Map(items.map((item) => [item, contentKey(stage, dependsOn(item))]));
    const values = await cache.known<Value>([...keys.values()]);
    const results = new Map<Item, Value>();
    const missing: Item[] = [];
    for (const item of items) {
      const value = values.get(keys.get(item)!);
      if (value !== undefined && isFinal(value)) await this.#settle(results, item, value, onResult);
      else missing.push(item);
    }
    this.#count(stage, items.length, results.size);
    this.#report(title, stage, results.size);
    if (dry) return results;
    const computing = new Map<string, Promise<Value>>();
    const computed = async (item: Item): Promise<Value> => {
      const key = keys.get(item)!;
      const started = performance.now();
      const value = await compute(item);
      if (isFinal(value)) await cache.put(stage, key, value);
      this.#measure(stage, (performance.now() - started) / 1000 / atOnce);
      return value;
    };
    let next = 0;
    const step = async () => {
      signal.throwIfAborted();
      const item = missing[next++]!;
      const key = keys.get(item)!;
      // Two items may depend on the very same.
      if (!computing.has(key)) computing.set(key, computed(item));
      await this.#settle(results, item, await computing.get(key)!, onResult);
      this.#report(title, stage, 1);
    };
    const lane = async () => {
      try {
        while (next < missing.length) await step();
      } catch (error) {
        // Ends the others too.
        next = missing.length;
        throw error;
      }
    };
    // The first one alone: it loads the model.
    if (missing.length > 0) await step();
    const ends = await Promise.allSettled(Array.from({ length: atOnce }, lane));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
    return results;
  }

  /** Tells of work that is no step: a model is being read. */
  say(stage: string): void {
    this.#options.onProgress?.({ stage, done: this.#done, total: this.#total, ...this.#secondsLeft() });
  }

  /** What was found and what is missing, for an estimate. */
  estimate(): EvaluationEstimate['stages'] {
    const stages = new Set([...this.#left.keys(), ...this.#counts.keys()]);
    return [...stages].map((stage) => {
      const { steps: seen, cached } = this.#counts.get(stage) ?? { steps: 0, cached: 0 };
      const steps = Math.max(seen, cached + (this.#left.get(stage) ?? 0));
      const seconds = (steps - cached) * USUAL_SECONDS[stage];
      return { stage, steps, cached, seconds };
    });
  }

  async #settle<Item, Value>(
    results: Map<Item, Value>,
    item: Item,
    value: Value,
    onResult?: (item: Item, value: Value) => Promise<void> | void,
  ): Promise<void> {
    results.set(item, value);
    await onResult?.(item, value);
  }

  #count(stage: EvaluationStage, steps: number, cached: number): void {
    const before = this.#counts.get(stage) ?? { steps: 0, cached: 0 };
    this.#counts.set(stage, { steps: before.steps + steps, cached: before.cached + cached });
  }

  #measure(stage: EvaluationStage, seconds: number): void {
    const before = this.#pace.get(stage) ?? { steps: 0, seconds: 0 };
    this.#pace.set(stage, { steps: before.steps + 1, seconds: before.seconds + seconds });
  }

  #report(title: string, stage: EvaluationStage, steps: number): void {
    this.#done += steps;
    this.#left.set(stage, Math.max(0, (this.#left.get(stage) ?? 0) - steps));
    this.#options.onProgress?.({
      stage: title,
      done: this.#done,
      total: Math.max(this.#total, this.#done),
      ...this.#secondsLeft(),
    });
  }

  #secondsLeft(): { secondsLeft: number } {
    let secondsLeft = 0;
    for (const [stage, steps] of this.#left) {
      const pace = this.#pace.get(stage);
      // The first step of a stage loads its model.
      const known = pace && pace.steps > 1;
      secondsLeft += steps * (known ? pace.seconds / pace.steps : USUAL_SECONDS[stage]);
    }
    return { secondsLeft };
  }
}
