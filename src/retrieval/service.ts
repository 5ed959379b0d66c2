import type { AttuneDatabase } from '../storage/database.ts';
import { isAbort, toProblem } from '../errors/attune-error.ts';
import type {
  Embedder,
  EmbedProgress,
  IndexStatus,
  Reranker,
  RetrievalService,
  SearchRequest,
  SearchResult,
} from './contract.ts';
import type { EmbedderSource } from './embedder-source.ts';
import type { FileSpace } from './files/random-access.ts';
import { searchIndex } from './search.ts';
import { retrievalSettings } from './settings.ts';
import { syncIndex } from './sync.ts';
import { dot } from './vectors/vector-index.ts';
import { WorkspaceIndex } from './workspace-index.ts';

export interface RetrievalParts {
  database: AttuneDatabase;
  files: FileSpace;
  embedders: EmbedderSource;
  /** The slot is empty until a ranking model is chosen. */
  reranker?: Reranker;
}

/** Indexes of this many workspaces stay in memory: the one at work, and one that is being looked at. */
const OPEN_INDEXES = 2;

/** Chunks in, ranked hits out; see the contract. Runs in the retrieval worker, and in Node with other parts. */
export class Retrieval implements RetrievalService {
  #parts: RetrievalParts;
  /** By workspace, the one used last at the end. */
  #open = new Map<string, { embedderId: string; index: Promise<WorkspaceIndex> }>();
  #stopped = new Set<string>();

  constructor(parts: RetrievalParts) {
    this.#parts = parts;
  }

  async status(workspaceId: string): Promise<IndexStatus> {
    const { embedder, problem } = await this.#embedderIfAny();
    const index = await this.#index(workspaceId, embedder);
    return {
      workspaceId,
      embedderId: embedder?.id ?? '',
      device: embedder?.device ?? '',
      chunks: index.text.catalog.size,
      embedded: index.embedded,
      dimensions: embedder?.dimensions ?? 0,
      ...(problem && { problem }),
    };
  }

  async sync(workspaceId: string, onProgress: (progress: EmbedProgress) => void = () => undefined): Promise<void> {
    this.#stopped.delete(workspaceId);
    const embedder = await this.#parts.embedders.current();
    await this.#parts.files.exclusively(syncLock(workspaceId), async () => {
      await syncIndex({
        ...this.#parts,
        index: await this.#index(workspaceId, embedder),
        embedder,
        isStopped: () => this.#stopped.has(workspaceId),
        onProgress,
      });
    });
  }

  async stop(workspaceId: string): Promise<void> {
    this.#stopped.add(workspaceId);
  }

  async search(request: SearchRequest): Promise<SearchResult> {
    const { database, reranker } = this.#parts;
    // A model that cannot be loaded must not keep people from finding words; `status` says what is wrong with it.
    const { embedder } = await this.#embedderIfAny();
    const index = await this.#index(request.workspaceId, embedder);
    const workspace = await database.workspaces.get(request.workspaceId);
    const settings = retrievalSettings(workspace?.settings);
    return searchIndex({ database, index, embedder, reranker, settings }, request);
  }

  async similarities(sentences: string[], passages: string[]): Promise<Float32Array> {
    const result = new Float32Array(sentences.length * passages.length);
    const { embedder } = await this.#embedderIfAny();
    if (!embedder || result.length === 0) return result;
    // Both as passages: they are statements alike, and a model with a query prefix would set them apart.
    const vectors = await embedder.embed([...sentences, ...passages], 'passage');
    const row = (i: number) => vectors.subarray(i * embedder.dimensions, (i + 1) * embedder.dimensions);
    for (let s = 0; s < sentences.length; s++) {
      for (let p = 0; p < passages.length; p++) {
        result[s * passages.length + p] = dot(row(s), row(sentences.length + p));
      }
    }
    return result;
  }

  async removeWorkspace(workspaceId: string): Promise<void> {
    const { database, files } = this.#parts;
    await this.stop(workspaceId);
    await files.exclusively(syncLock(workspaceId), async () => {
      this.#open.delete(workspaceId);
      await database.vectorIndexes.where('workspaceId').equals(workspaceId).delete();
      await files.remove(workspaceId);
    });
  }

  async #embedderIfAny(): Promise<{ embedder?: Embedder; problem?: IndexStatus['problem'] }> {
    try {
      return { embedder: await this.#parts.embedders.current() };
    } catch (error) {
      if (isAbort(error)) throw error;
      return { problem: toProblem(error) };
    }
  }

  /** The index of a workspace, up to date. */
  async #index(workspaceId: string, embedder: Embedder | undefined): Promise<WorkspaceIndex> {
    const { database, files } = this.#parts;
    const embedderId = embedder?.id ?? '';
    let open = this.#open.get(workspaceId);
    if (open?.embedderId !== embedderId) {
      open = { embedderId, index: WorkspaceIndex.open(database, files, workspaceId, embedder) };
      const opening = open;
      // A failed opening is not kept, or one full disk would disable search for the whole session.
      opening.index.catch(() => this.#open.get(workspaceId) === opening && this.#open.delete(workspaceId));
    }
    this.#open.delete(workspaceId);
    this.#open.set(workspaceId, open!);
    for (const oldest of [...this.#open.keys()].slice(0, -OPEN_INDEXES)) this.#open.delete(oldest);
    const index = await open!.index;
    await index.refresh();
    return index;
  }
}

function syncLock(workspaceId: string): string {
  return `sync ${workspaceId}`;
}
