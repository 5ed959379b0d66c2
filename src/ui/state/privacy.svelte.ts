import { database } from '../../storage/database.ts';
import type { EndpointRow } from '../../storage/schema.ts';
import { searchEndpointOf } from '../../storage/workspace-search.ts';
import { LiveQuery } from './live-query.svelte.ts';
import { nodes } from './nodes.svelte.ts';
import { workspaces } from './workspaces.svelte.ts';

/** Whether text may leave this machine, in words. */
class Privacy {
  #endpoints = new LiveQuery<EndpointRow[]>(() => database().endpoints.toArray(), []);

  /** Names of other machines on which rows lie that were sent there, until they are deleted there. */
  get holders(): string[] {
    const local = new Set(nodes.all.filter(({ url }) => isLoopback(url)).map(({ id }) => id));
    const away = nodes.holding.flatMap(({ node }) => (node && !local.has(node.nodeId) ? [node.name] : []));
    return [...new Set(away)];
  }

  /** Switched on or off. */
  get endpoints(): EndpointRow[] {
    return this.#endpoints.current;
  }

  /** Endpoints that are switched on. */
  get connections(): EndpointRow[] {
    return this.#endpoints.current.filter((endpoint) => endpoint.enabled);
  }

  /** Those of {@link connections} that write: they answer, teach and judge. */
  get writers(): EndpointRow[] {
    return this.connections.filter(({ role }) => role === undefined);
  }

  /** Those of {@link connections} that make vectors for search. */
  get embedders(): EndpointRow[] {
    return this.connections.filter(({ role }) => role === 'embedder');
  }

  /** The endpoint on another machine that the passages and questions of the open workspace go to. */
  get searchedBy(): EndpointRow | undefined {
    const id = searchEndpointOf(workspaces.current)?.endpointId;
    return this.remote.find((endpoint) => endpoint.id === id);
  }

  /** Switched-on endpoints on other machines. A program on this one does not carry text away. */
  get remote(): EndpointRow[] {
    return this.connections.filter((endpoint) => !isLoopback(endpoint.baseUrl));
  }

  get isPrivate(): boolean {
    return this.remote.length === 0 && this.holders.length === 0;
  }

  get long(): string {
    if (this.isPrivate) return 'Private: nothing leaves this machine';
    if (this.searchedBy) return `Passages are sent to ${this.#hosts}`;
    if (this.remote.some(({ role }) => role === undefined)) return `Answers may come from ${this.#hosts}`;
    return this.remote.length > 0 ? `Search may ask ${this.#hosts}` : `Rows lie on ${this.#hosts}`;
  }

  get short(): string {
    return this.isPrivate ? 'Private' : this.#hosts;
  }

  get #hosts(): string {
    // The one that is sent most comes first.
    const asked = [...(this.searchedBy ? [this.searchedBy] : []), ...this.remote].map(({ baseUrl }) => hostOf(baseUrl));
    const hosts = [...new Set([...asked, ...this.holders])];
    return hosts.length > 1 ? `${hosts[0]} and ${hosts.length - 1} more` : (hosts[0] ?? '');
  }
}

/** As adapters and runs call the model behind an endpoint. */
export function endpointName({ model, baseUrl }: Pick<EndpointRow, 'model' | 'baseUrl'>): string {
  return `${model} on ${hostOf(baseUrl)}`;
}

export function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}

function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

export const privacy = new Privacy();
