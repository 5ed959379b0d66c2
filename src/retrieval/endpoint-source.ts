import { AttuneError } from '../errors/attune-error.ts';
import { ASKING, fetchEmbeddings, type Patience } from '../generation/endpoint/embeddings.ts';
import { openEndpoint } from '../generation/endpoint/open.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { EndpointRow } from '../storage/schema.ts';
import type { SearchEndpoint } from '../storage/workspace-search.ts';
import type { Embedder, ModelAdapter } from './contract.ts';
import { EndpointEmbedder } from './embedder/endpoint-embedder.ts';

/** A word that says nothing of anybody, to learn how long the vectors of an endpoint are. */
const PROBE = 'Attune';

export interface EndpointSourceOptions {
  /** Reads an adapter that was made for an endpoint's vectors. @throws AttuneError `adapters/*` */
  adapter?: (adapterId: string, endpointId: string) => Promise<ModelAdapter>;
  /** How long passages may take; absent: as an index in the background may. */
  indexing?: Patience;
  /** How long questions may take; absent: as somebody who waits for an answer may. */
  asking?: Patience;
}

/** Gives the embedders of endpoints. They hold nothing, so they are made whenever one is asked for. */
export class EndpointSource {
  readonly #database: AttuneDatabase;
  readonly #options: EndpointSourceOptions;
  #adapters = new Map<string, Promise<ModelAdapter>>();

  constructor(database: AttuneDatabase, options: EndpointSourceOptions = {}) {
    this.#database = database;
    this.#options = options;
  }

  /**
   * The embedder of an endpoint. Whether texts may be sent there is asked before each request.
   *
   * @throws AttuneError `endpoint/missing`, `endpoint/off`, `endpoint/other-host`; what the server answers when it is
   *   asked for the first time
   */
  async get(choice: SearchEndpoint): Promise<EndpointEmbedder> {
    const open = async () => (await this.#open(choice)).connection;
    const { row } = await this.#open(choice);
    const onDimensions = async (dimensions: number) => {
      await this.#database.endpoints.update(row.id, { dimensions });
    };
    let { dimensions } = row;
    if (dimensions === undefined) {
      dimensions = (await fetchEmbeddings(open, [PROBE], ASKING))[0]!.length;
      await onDimensions(dimensions);
    }
    const { endpointId, host } = choice;
    const { indexing, asking } = this.#options;
    const parts = { endpointId, host, model: row.model, open, dimensions, onDimensions };
    return new EndpointEmbedder({ ...parts, ...(indexing && { indexing }), ...(asking && { asking }) });
  }

  /** The embedder of an endpoint wherever it is now: asked for by name, not kept as a workspace's choice. */
  async named(endpointId: string): Promise<EndpointEmbedder> {
    const { row } = await openEndpoint(endpointId, 'search model', this.#database);
    return this.get({ endpointId, host: hostOf(row) });
  }

  /** An endpoint's embedder with an adapter. @throws AttuneError `adapters/*` */
  async tuned(base: EndpointEmbedder, adapterId: string): Promise<Embedder> {
    const { adapter } = this.#options;
    if (!adapter) return base;
    let reading = this.#adapters.get(adapterId);
    if (!reading) {
      this.#adapters.set(adapterId, (reading = adapter(adapterId, base.endpoint.id)));
      reading.catch(() => this.#adapters.delete(adapterId));
    }
    return base.tuned(await reading);
  }

  async #open({ endpointId, host }: SearchEndpoint): ReturnType<typeof openEndpoint> {
    const open = await openEndpoint(endpointId, 'search model', this.#database);
    const now = hostOf(open.row);
    if (now === host) return open;
    throw new AttuneError(
      'endpoint/other-host',
      `The endpoint “${open.row.name}” was moved from ${host} to ${now}, and passages may be sent to ${host} only.`,
      'Choose it for search once more under Models, or choose another search model.',
    );
  }
}

/** Host and port of an endpoint. */
function hostOf({ baseUrl }: EndpointRow): string {
  return new URL(baseUrl).host;
}
