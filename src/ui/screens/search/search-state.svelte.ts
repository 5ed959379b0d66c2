import { untrack } from 'svelte';
import { isAbort, toProblem, type Problem } from '../../../errors/attune-error.ts';
import { retrieval } from '../../../retrieval/client.ts';
import type { SearchRequest, SearchResult } from '../../../retrieval/contract.ts';
import { compareRuns, type Comparison } from './rank-movement.ts';

/** What a person can set for one search, besides the workspace's own settings. */
export type SearchForm = Omit<SearchRequest, 'workspaceId'>;

/** The search screen's question, its latest result, and what the last change of a setting moved. */
export class SearchState {
  readonly #workspaceId: string;
  form = $state<SearchForm>({ query: '', limit: 20, mode: 'hybrid', mergeNeighbours: true });
  #result = $state.raw<SearchResult | null>(null);
  #comparison = $state.raw<Comparison | null>(null);
  #problem = $state.raw<Problem | null>(null);
  #running = $state(false);
  #answeredQuery = '';
  /** Numbers the runs: an answer that a newer run has overtaken is dropped. */
  #latest = 0;

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
  }

  get result(): SearchResult | null {
    return this.#result;
  }

  /** Null unless the last run asked the same question with other settings. */
  get comparison(): Comparison | null {
    return this.#comparison;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Changes settings and runs again at once. */
  change(change: Partial<SearchForm>): void {
    this.form = { ...this.form, ...change };
    void this.run();
  }

  /** Searches with what is set now. The result before stays on the screen until the new one is there. */
  async run(): Promise<void> {
    const run = ++this.#latest;
    const form = untrack(() => $state.snapshot(this.form)) as SearchForm;
    const query = form.query.trim();
    if (query === '') {
      this.#result = this.#comparison = this.#problem = null;
      this.#running = false;
      return;
    }
    this.#running = true;
    try {
      const workspaceId = this.#workspaceId;
      const result = await retrieval.search({ ...form, query, workspaceId, replaces: 'search screen' });
      if (run !== this.#latest) return;
      this.#comparison =
        this.#result && this.#answeredQuery === query ? compareRuns(this.#result.hits, result.hits) : null;
      this.#result = result;
      this.#answeredQuery = query;
      this.#problem = null;
    } catch (error) {
      if (run === this.#latest && !isAbort(error)) this.#problem = toProblem(error);
    } finally {
      if (run === this.#latest) this.#running = false;
    }
  }
}
