import { applyLinearAdapter, type LinearAdapter } from '../../engine/adapters/linear-adapter.ts';
import type { Embedder, ModelAdapter, SearchAdapter } from '../contract.ts';

/**
 * Any embedder with a matrix behind it. Where only questions are mapped, passages keep their vectors, and with them
 * their index: the id stays that of the frozen embedder.
 */
export class LinearEmbedder implements Embedder {
  readonly id: string;
  readonly adapter: SearchAdapter;
  readonly endpoint?: { id: string; host: string };
  readonly sharesIndex: boolean;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly device: string;
  #frozen: Embedder;
  #map: LinearAdapter;

  /** @throws AttuneError `adapters/wrong-shape` when the matrix is for vectors of other dimensions */
  constructor(frozen: Embedder, tuning: ModelAdapter, map: LinearAdapter) {
    this.#frozen = frozen;
    this.#map = map;
    this.sharesIndex = map.sides === 'queries';
    this.id = this.sharesIndex ? frozen.id : tunedId(frozen.id, tuning.sha256);
    this.adapter = searchAdapterOf(tuning);
    if (frozen.endpoint) this.endpoint = frozen.endpoint;
    this.dimensions = frozen.dimensions;
    this.maxTokens = frozen.maxTokens;
    this.device = frozen.device;
    applyLinearAdapter(map, new Float32Array(frozen.dimensions), 'query');
  }

  async embed(texts: string[], kind: 'query' | 'passage', signal?: AbortSignal): Promise<Float32Array> {
    const vectors = await this.#frozen.embed(texts, kind, signal);
    return applyLinearAdapter(this.#map, vectors as Float32Array<ArrayBuffer>, kind);
  }

  async dispose(): Promise<void> {
    // The frozen embedder is not its own.
  }
}

/** What an adapter is called, and what goes with it, without its matrices. */
export function searchAdapterOf({ id, name, denseWeight }: ModelAdapter): SearchAdapter {
  return { id, name, ...(denseWeight !== undefined && { denseWeight }) };
}

/** Id of a tuned embedder: another adapter, or the same one trained further, has an index of its own. */
export function tunedId(baseId: string, sha256: string): string {
  return `${baseId}+${sha256.slice(0, 12)}`;
}
