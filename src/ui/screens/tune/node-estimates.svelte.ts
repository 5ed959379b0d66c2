import { SvelteMap } from 'svelte/reactivity';
import { AttuneError, isAbort, toProblem, type Problem } from '../../../errors/attune-error.ts';
import type { NodeRow } from '../../../storage/schema.ts';
import type { TrainingEstimate, TrainingRequest } from '../../../training/contract.ts';

/** What a node says of a request. `busy`: it has jobs and is asked again. */
export type NodeEstimate =
  { state: 'measuring' | 'busy' } | { state: 'known'; value: TrainingEstimate } | { state: 'failed'; problem: Problem };

/** Between two questions to a place that has work to do. */
export const ASK_AGAIN_MS = 15_000;

type Measure = (node: NodeRow, request: TrainingRequest, signal: AbortSignal) => Promise<TrainingEstimate>;

/** Estimates by node and request. What is asked anew ends what was asked before. */
export class NodeEstimates {
  readonly #measure: Measure;
  #found = new SvelteMap<string, NodeEstimate>();
  #controller = new AbortController();

  constructor(measure: Measure = measureThere) {
    this.#measure = measure;
  }

  of(nodeId: string, key: string): NodeEstimate | undefined {
    return this.#found.get(nodeId + key);
  }

  /** Asks all at once: they are machines of their own. */
  async ask(nodes: readonly NodeRow[], key: string, request: TrainingRequest): Promise<void> {
    this.leave();
    const { signal } = (this.#controller = new AbortController());
    await Promise.all(nodes.map((node) => this.#askOne(node, key, request, signal)));
  }

  /** Nobody looks any more: what is being measured ends there too. */
  leave(): void {
    this.#controller.abort(new DOMException('The estimate is not wanted any more.', 'AbortError'));
    for (const [key, { state }] of this.#found) if (state === 'measuring' || state === 'busy') this.#found.delete(key);
  }

  async #askOne(node: NodeRow, key: string, request: TrainingRequest, signal: AbortSignal): Promise<void> {
    const place = node.id + key;
    if (this.#found.get(place)?.state === 'known') return;
    this.#found.set(place, { state: 'measuring' });
    while (!signal.aborted) {
      try {
        const value = await this.#measure(node, request, signal);
        if (!signal.aborted) this.#found.set(place, { state: 'known', value });
        return;
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        if (!(error instanceof AttuneError && error.code === 'companion/busy')) {
          this.#found.set(place, { state: 'failed', problem: toProblem(error) });
          return;
        }
        this.#found.set(place, { state: 'busy' });
        await pause(ASK_AGAIN_MS, signal);
      }
    }
  }
}

/** Loaded when there is a node to ask. */
const measureThere: Measure = async (node, request, signal) =>
  (await import('../../../companion/estimate.ts')).estimateThere(node, request, signal);

/** Ends early, and without an error, with the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
