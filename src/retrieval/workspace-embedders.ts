import { isAbort, toProblem, type Problem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { WorkspaceRow } from '../storage/schema.ts';
import { adaptersOf } from '../storage/workspace-adapters.ts';
import { searchEndpointOf, type SearchEndpoint } from '../storage/workspace-search.ts';
import type { Embedder } from './contract.ts';
import type { EmbedderSource } from './embedder-source.ts';
import type { EndpointSource } from './endpoint-source.ts';
import { rowId } from './vectors/vector-store.ts';

/** What a workspace wants, of the embedders that are there. */
export interface WantedEmbedder {
  /** The base, or the base with the workspace's adapter; absent: words alone. */
  embedder?: Embedder | undefined;
  /** Untuned, or on this machine: each may answer until the wanted one's index has caught up. */
  others: Embedder[];
  /** Why there is none. */
  problem?: Problem;
  /** Why the adapter could not be put in force; the base is wanted instead. */
  adapterProblem?: Problem;
}

/** Which embedder a workspace wants, and which one answers meanwhile. */
export class WorkspaceEmbedders {
  #database: AttuneDatabase;
  #source: EmbedderSource;
  #endpoints: EndpointSource | undefined;
  /** By workspace: it goes on until the wanted one's index has caught up. */
  #answeredLast = new Map<string, Embedder>();

  constructor(database: AttuneDatabase, source: EmbedderSource, endpoints?: EndpointSource) {
    this.#database = database;
    this.#source = source;
    this.#endpoints = endpoints;
  }

  /** Never throws for a model or an adapter that cannot be loaded: says why in its place. */
  async wanted(workspace: WorkspaceRow | undefined): Promise<WantedEmbedder> {
    const here = await orProblem(() => this.#source.current());
    const adapterId = adaptersOf(workspace).embedder;
    const endpoint = searchEndpointOf(workspace);
    if (endpoint && this.#endpoints) return this.#remote(this.#endpoints, endpoint, adapterId, here.value);
    const tuned = this.#source.tuned && ((id: string) => this.#source.tuned!(id));
    return withAdapter(here, adapterId, tuned);
  }

  /**
   * An untuned one of this machine wherever it is wanted; any other as soon as its index has as many passages as the one
   * that answered before it, or as one of `others`.
   */
  async answering(workspaceId: string, { embedder, others }: WantedEmbedder): Promise<Embedder | undefined> {
    let best = embedder;
    if (embedder && others.length > 0) {
      let most = await this.#passages(workspaceId, embedder);
      for (const other of [...this.#before(workspaceId, others), ...others]) {
        const passages = await this.#passages(workspaceId, other);
        if (passages > most) [best, most] = [other, passages];
      }
    }
    if (best) this.#answeredLast.set(workspaceId, best);
    return best;
  }

  /** An index that is being deleted answers no more. */
  forget(workspaceId: string, embedderId: string): void {
    if (this.#answeredLast.get(workspaceId)?.id === embedderId) this.#answeredLast.delete(workspaceId);
  }

  /** An endpoint that is off leaves words alone: whoever chose it did not choose what would answer in its place. */
  async #remote(
    source: EndpointSource,
    endpoint: SearchEndpoint,
    adapterId: string | undefined,
    here: Embedder | undefined,
  ): Promise<WantedEmbedder> {
    const base = await orProblem(() => source.get(endpoint));
    const tuned = (id: string) => source.tuned(base.value!, id);
    const wanted = await withAdapter(base, adapterId, tuned);
    const { others } = wanted;
    return { ...wanted, others: here ? [...others, here] : others };
  }

  /** What answered last, unless it would send questions to a host that is wanted no more. */
  #before(workspaceId: string, others: readonly Embedder[]): Embedder[] {
    const before = this.#answeredLast.get(workspaceId);
    if (!before) return [];
    const isSame = ({ endpoint, dimensions }: Embedder) =>
      endpoint?.id === before.endpoint?.id && dimensions === before.dimensions;
    return !before.endpoint || others.some(isSame) ? [before] : [];
  }

  async #passages(workspaceId: string, { id }: Embedder): Promise<number> {
    return (await this.#database.vectorIndexes.get(rowId({ workspaceId, embedderId: id })))?.count ?? 0;
  }
}

/** A base with the workspace's adapter, where there is one. */
async function withAdapter(
  { value: base, problem }: Outcome<Embedder | undefined>,
  adapterId: string | undefined,
  tune: ((adapterId: string) => Promise<Embedder | undefined>) | undefined,
): Promise<WantedEmbedder> {
  const untuned = { embedder: base, others: [], ...(problem && { problem }) };
  if (!base || adapterId === undefined || !tune) return untuned;
  const tuned = await orProblem(() => tune(adapterId));
  const embedder = tuned.value ?? base;
  const others = embedder.id === base.id ? [] : [base];
  return { embedder, others, ...(tuned.problem && { adapterProblem: tuned.problem }) };
}

interface Outcome<T> {
  value?: T;
  problem?: Problem;
}

/** @throws DOMException AbortError; any other failure comes back as a problem */
export async function orProblem<T>(load: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await load() };
  } catch (error) {
    if (isAbort(error)) throw error;
    return { problem: toProblem(error) };
  }
}
