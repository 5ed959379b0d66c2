import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { VectorIndexRow, WorkspaceRow } from '../storage/schema.ts';
import { adaptersOf } from '../storage/workspace-adapters.ts';
import { searchEndpointOf } from '../storage/workspace-search.ts';
import type {
  Embedder,
  EmbedProgress,
  IndexStatus,
  RetrievalService,
  SearchRequest,
  SearchResult,
} from './contract.ts';
import type { EmbedderSource } from './embedder-source.ts';
import type { EndpointSource } from './endpoint-source.ts';
import type { FileSpace } from './files/random-access.ts';
import { OpenIndexes } from './open-indexes.ts';
import type { RerankerSource } from './reranker-source.ts';
import { searchIndex } from './search.ts';
import { retrievalSettings } from './settings.ts';
import { similaritiesOf } from './similarities.ts';
import { syncIndex } from './sync.ts';
import { VectorStore } from './vectors/vector-store.ts';
import { orProblem, WorkspaceEmbedders } from './workspace-embedders.ts';

export interface RetrievalParts {
  database: AttuneDatabase;
  files: FileSpace;
  embedders: EmbedderSource;
  /** Search models behind endpoints; absent: there are none. */
  endpoints?: EndpointSource;
  /** Ranking models by adapter; absent: there are none. */
  rerankers?: RerankerSource;
}

/** Chunks in, ranked hits out; see the contract. Runs in the retrieval worker, and in Node with other parts. */
export class Retrieval implements RetrievalService {
  #parts: RetrievalParts;
  #indexes: OpenIndexes;
  #embedders: WorkspaceEmbedders;
  /** Of running syncs, by workspace. */
  #syncs = new Map<string, AbortController>();
  /** Searches that a later one of the same name ends. */
  #replaceable = new Map<string, AbortController>();

  constructor(parts: RetrievalParts) {
    this.#parts = parts;
    this.#indexes = new OpenIndexes(parts.database, parts.files);
    this.#embedders = new WorkspaceEmbedders(parts.database, parts.embedders, parts.endpoints);
  }

  async status(workspaceId: string): Promise<IndexStatus> {
    const workspace = await this.#workspace(workspaceId);
    const wanted = await this.#embedders.wanted(workspace);
    const { embedder, problem } = wanted;
    const adapterProblem = wanted.adapterProblem ?? (await this.#reranker(workspace)).problem;
    const answering = await this.#embedders.answering(workspaceId, wanted);
    const index = await this.#indexes.get(workspaceId, embedder);
    return {
      workspaceId,
      ...named(embedder),
      answering: named(answering),
      device: embedder?.device ?? '',
      chunks: index.text.catalog.size,
      embedded: index.embedded,
      dimensions: embedder?.dimensions ?? 0,
      ...(embedder?.endpoint && { sentTo: embedder.endpoint.host }),
      ...(problem && { problem }),
      ...(adapterProblem && { adapterProblem }),
    };
  }

  async sync(workspaceId: string, onProgress: (progress: EmbedProgress) => void = () => undefined): Promise<void> {
    const { signal } = this.#beginSync(workspaceId);
    await this.#parts.files.exclusively(syncLock(workspaceId), async () => {
      let embedder = await this.#toSync(workspaceId);
      for (let synced; !synced && !signal.aborted;) {
        const index = await this.#indexes.get(workspaceId, embedder);
        const isWanted = () => this.#maySend(workspaceId, embedder);
        await syncIndex({ ...this.#parts, index, embedder, signal, isWanted, onProgress });
        // An adapter or an endpoint may have been switched on or off meanwhile: then another index is wanted.
        const now = await this.#toSync(workspaceId);
        synced = now?.id === embedder?.id;
        embedder = now;
      }
    });
  }

  async stop(workspaceId: string): Promise<void> {
    this.#syncs.get(workspaceId)?.abort();
  }

  async search(request: SearchRequest): Promise<SearchResult> {
    const { database } = this.#parts;
    const { workspaceId, replaces } = request;
    const signal = replaces === undefined ? undefined : this.#replace(replaces);
    const workspace = await this.#workspace(workspaceId);
    // A model that cannot be loaded must not keep people from finding words; `status` says what is wrong with it.
    const wanted = await this.#embedders.wanted(workspace);
    const embedder = await this.#embedders.answering(workspaceId, wanted);
    const index = await this.#indexes.get(workspaceId, embedder);
    const { value: reranker } = await this.#reranker(workspace);
    const settings = retrievalSettings(workspace?.settings, embedder?.adapter);
    const { problem } = wanted;
    return searchIndex({ database, index, embedder, problem, reranker, settings, signal }, request);
  }

  async similarities(sentences: string[], passages: string[]): Promise<Float32Array> {
    const { value: embedder } = await orProblem(() => this.#parts.embedders.current());
    return similaritiesOf(embedder, sentences, passages);
  }

  async removeWorkspace(workspaceId: string): Promise<void> {
    const { database, files } = this.#parts;
    await this.stop(workspaceId);
    await files.exclusively(syncLock(workspaceId), async () => {
      this.#indexes.forget(workspaceId);
      await database.vectorIndexes.where('workspaceId').equals(workspaceId).delete();
      await files.remove(workspaceId);
    });
  }

  async removeAdapter(adapterId: string): Promise<void> {
    await this.#removeIndexes((row) => row.adapterId === adapterId);
  }

  async removeEndpoint(endpointId: string): Promise<void> {
    await this.#removeIndexes((row) => row.endpointId === endpointId);
  }

  async #removeIndexes(isGone: (row: VectorIndexRow) => boolean): Promise<void> {
    const { database, files } = this.#parts;
    for (const row of await database.vectorIndexes.filter(isGone).toArray()) {
      const { workspaceId, embedderId } = row;
      await files.exclusively(syncLock(workspaceId), async () => {
        this.#indexes.forget(workspaceId, embedderId);
        this.#embedders.forget(workspaceId, embedderId);
        await VectorStore.remove(database, files, row);
      });
    }
  }
  #workspace(workspaceId: string): Promise<WorkspaceRow | undefined> {
    return this.#parts.database.workspaces.get(workspaceId);
  }

  /** Calls for the same workspace follow each other; one stop ends them all. */
  #beginSync(workspaceId: string): AbortController {
    let running = this.#syncs.get(workspaceId);
    if (!running || running.signal.aborted) this.#syncs.set(workspaceId, (running = new AbortController()));
    return running;
  }

  /** @throws AttuneError when the search model cannot be loaded; an adapter that cannot be is left out. */
  async #toSync(workspaceId: string): Promise<Embedder | undefined> {
    const workspace = await this.#workspace(workspaceId);
    if (!searchEndpointOf(workspace)) await this.#parts.embedders.current();
    const { embedder, problem } = await this.#embedders.wanted(workspace);
    if (problem) throw new AttuneError(problem.code, problem.message, problem.wayOut);
    return embedder;
  }

  /** Passages go to an endpoint only as long as the workspace names it. */
  async #maySend(workspaceId: string, embedder: Embedder | undefined): Promise<boolean> {
    if (!embedder?.endpoint) return true;
    return searchEndpointOf(await this.#workspace(workspaceId))?.endpointId === embedder.endpoint.id;
  }

  #reranker(workspace: WorkspaceRow | undefined) {
    const { rerankers } = this.#parts;
    const adapterId = adaptersOf(workspace).reranker;
    return orProblem(async () => (adapterId === undefined ? undefined : rerankers?.get(adapterId)));
  }

  #replace(name: string): AbortSignal {
    this.#replaceable.get(name)?.abort();
    const controller = new AbortController();
    this.#replaceable.set(name, controller);
    return controller.signal;
  }
}

function named(embedder: Embedder | undefined): IndexStatus['answering'] {
  return { embedderId: embedder?.id ?? '', ...(embedder?.adapter && { adapter: embedder.adapter }) };
}

function syncLock(workspaceId: string): string {
  return `sync ${workspaceId}`;
}
