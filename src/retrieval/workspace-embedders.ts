import { isAbort, toProblem, type Problem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { WorkspaceRow } from '../storage/schema.ts';
import { adaptersOf } from '../storage/workspace-adapters.ts';
import type { Embedder } from './contract.ts';
import type { EmbedderSource } from './embedder-source.ts';
import { rowId } from './vectors/vector-store.ts';

/** What a workspace wants, of the embedders that are there. */
export interface WantedEmbedder {
  base?: Embedder | undefined;
  /** The base, or the base with the workspace's adapter. */
  embedder?: Embedder | undefined;
  /** Why the base could not be loaded. */
  problem?: Problem;
  /** Why the adapter could not be put in force; the base is wanted instead. */
  adapterProblem?: Problem;
}

/** Which embedder a workspace wants, and which one answers meanwhile. */
export class WorkspaceEmbedders {
  #database: AttuneDatabase;
  #source: EmbedderSource;
  /** By workspace: it goes on until the wanted one's index has caught up. */
  #answeredLast = new Map<string, Embedder>();

  constructor(database: AttuneDatabase, source: EmbedderSource) {
    this.#database = database;
    this.#source = source;
  }

  /** Never throws for a model or an adapter that cannot be loaded: says why in its place. */
  async wanted(workspace: WorkspaceRow | undefined): Promise<WantedEmbedder> {
    const { value: base, problem } = await orProblem(() => this.#source.current());
    const adapterId = adaptersOf(workspace).embedder;
    if (!base || adapterId === undefined || !this.#source.tuned)
      return { base, embedder: base, ...(problem && { problem }) };
    const tuned = await orProblem(() => this.#source.tuned!(adapterId));
    return { base, embedder: tuned.value ?? base, ...(tuned.problem && { adapterProblem: tuned.problem }) };
  }

  /**
   * The base wherever it is wanted; a tuned embedder as soon as its index has as many passages as the one that answered
   * before it, or as the base's.
   */
  async answering(workspaceId: string, { base, embedder }: WantedEmbedder): Promise<Embedder | undefined> {
    let best = embedder;
    if (embedder && base && embedder.id !== base.id) {
      let most = await this.#passages(workspaceId, embedder);
      for (const other of [this.#answeredLast.get(workspaceId), base]) {
        const passages = other ? await this.#passages(workspaceId, other) : 0;
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

  async #passages(workspaceId: string, { id }: Embedder): Promise<number> {
    return (await this.#database.vectorIndexes.get(rowId({ workspaceId, embedderId: id })))?.count ?? 0;
  }
}

/** @throws DOMException AbortError; any other failure comes back as a problem */
export async function orProblem<T>(load: () => Promise<T>): Promise<{ value?: T; problem?: Problem }> {
  try {
    return { value: await load() };
  } catch (error) {
    if (isAbort(error)) throw error;
    return { problem: toProblem(error) };
  }
}
