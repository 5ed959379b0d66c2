import type { Reranker } from './contract.ts';

/** Gives ranking models by the adapter that made them: no ready ones ship, each is a search model tuned to score pairs. */
export interface RerankerSource {
  /** @throws AttuneError when adapter or model is gone, damaged or does not fit */
  get(adapterId: string): Promise<Reranker>;
}

/** Keeps the ranking model used last in memory; a failed load is forgotten, so that the next call tries again. */
export class LastReranker implements RerankerSource {
  #load: (adapterId: string) => Promise<Reranker>;
  #last: { adapterId: string; reranker: Promise<Reranker> } | undefined;

  constructor(load: (adapterId: string) => Promise<Reranker>) {
    this.#load = load;
  }

  get(adapterId: string): Promise<Reranker> {
    if (this.#last?.adapterId === adapterId) return this.#last.reranker;
    const before = this.#last;
    const last = { adapterId, reranker: this.#load(adapterId) };
    this.#last = last;
    last.reranker.catch(() => this.#last === last && (this.#last = undefined));
    void before?.reranker.then((old) => old.dispose?.()).catch(() => undefined);
    return last.reranker;
  }
}
