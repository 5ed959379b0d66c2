import { AttuneError } from '../../errors/attune-error.ts';
import {
  ASKING,
  fetchEmbeddings,
  INDEXING,
  type OpenConnection,
  type Patience,
} from '../../generation/endpoint/embeddings.ts';
import type { Embedder, ModelAdapter } from '../contract.ts';
import { LinearEmbedder } from './linear-embedder.ts';
import { prefixesOf } from './recipe.ts';

/** What an endpoint's embedder consists of. */
export interface EndpointEmbedderParts {
  endpointId: string;
  host: string;
  model: string;
  open: OpenConnection;
  /** As its server gave them last. */
  dimensions: number;
  /** Told when the server gives other ones. */
  onDimensions?: (dimensions: number) => Promise<void>;
  indexing?: Patience;
  asking?: Patience;
}

/**
 * A search model behind an endpoint: every text is sent to its host. Requests of questions and of passages run beside
 * each other, since a question cannot wait for a host to take passages again.
 */
export class EndpointEmbedder implements Embedder {
  readonly id: string;
  readonly endpoint: { id: string; host: string };
  readonly dimensions: number;
  /** The server cuts or refuses by itself; it does not say where. */
  readonly maxTokens = Infinity;
  readonly device: string;
  #parts: EndpointEmbedderParts;

  constructor(parts: EndpointEmbedderParts) {
    const { endpointId, host, model, dimensions } = parts;
    this.#parts = parts;
    // The dimensions too: a server that changes its model under the same name gets an index anew.
    this.id = `${model}@${host}/${dimensions}`;
    this.endpoint = { id: endpointId, host };
    this.dimensions = dimensions;
    this.device = host;
  }

  async embed(texts: string[], kind: 'query' | 'passage', signal?: AbortSignal): Promise<Float32Array> {
    const { model, open, indexing = INDEXING, asking = ASKING } = this.#parts;
    const prefix = prefixesOf(model)[kind];
    const sent = texts.map((text) => prefix + text);
    const rows = await fetchEmbeddings(open, sent, kind === 'query' ? asking : indexing, signal);
    const other = rows.find(({ length }) => length !== this.dimensions)?.length;
    if (other !== undefined) await this.#otherDimensions(other);
    const vectors = new Float32Array(texts.length * this.dimensions);
    rows.forEach((row, i) => vectors.set(row, i * this.dimensions));
    return vectors;
  }

  /** A matrix is all that can be put behind it. */
  tuned(adapter: ModelAdapter): Embedder {
    if (adapter.kind === 'linear') return new LinearEmbedder(this, adapter, adapter.adapter);
    throw new AttuneError(
      'adapters/wrong-model',
      `The adapter ${adapter.name} changes a model's layers, which cannot be reached on ${this.endpoint.host}.`,
      'Choose a linear adapter, or switch the adapter off.',
    );
  }

  async dispose(): Promise<void> {
    // Nothing is held here.
  }

  async #otherDimensions(dimensions: number): Promise<never> {
    await this.#parts.onDimensions?.(dimensions);
    throw new AttuneError(
      'endpoint/other-dimensions',
      `${this.endpoint.host} now gives vectors of ${dimensions} numbers for ${this.#parts.model}; there were ${this.dimensions}.`,
      'Its index is built anew by itself; until then search goes on without it.',
    );
  }
}
