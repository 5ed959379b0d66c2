import { adapters } from '../../adapters/client.ts';
import type { AdapterDescription } from '../../adapters/contract.ts';
import { adaptersInForce } from './adapters.svelte.ts';
import { answerModel } from './answer-model.svelte.ts';
import { LiveQuery } from './live-query.svelte.ts';

/** Adapters for the answer model in use: whether answers can be compared, and which one writes them. */
class AnswerAdapters {
  #all = new LiveQuery<AdapterDescription[]>(() => adapters.list('generator'), []);

  /** Whether there is a tuned answer model to compare the bare one with. */
  get there(): boolean {
    return this.#fitting.length > 0;
  }

  /** The adapter that writes answers in the open workspace; undefined: the bare model does. */
  get inForce(): AdapterDescription | undefined {
    return this.#fitting.find((adapter) => adaptersInForce.isOn(adapter));
  }

  get #fitting(): AdapterDescription[] {
    const { choice } = answerModel;
    if (choice?.engine !== 'local') return [];
    return this.#all.current.filter(({ modelId, purpose }) => modelId === choice.modelId && purpose !== 'questions');
  }
}

export const answerAdapters = new AnswerAdapters();
