import { testEmbedder } from '../../generation/endpoint/client.ts';
import type { EndpointRow } from '../../storage/schema.ts';
import { SEARCH_ENDPOINT_KEY, searchEndpointOf, type SearchEndpoint } from '../../storage/workspace-search.ts';
import { hostOf } from './privacy.svelte.ts';
import { workspaces } from './workspaces.svelte.ts';

/** The endpoint that makes the vectors of the open workspace, if it was given to one. */
class SearchEndpointInForce {
  get chosen(): SearchEndpoint | undefined {
    return searchEndpointOf(workspaces.current);
  }

  isOn({ id }: Pick<EndpointRow, 'id'>): boolean {
    return this.chosen?.endpointId === id;
  }

  /** Names of the workspaces whose passages go to an endpoint. */
  usedBy(endpointId: string): string[] {
    return workspaces.list.filter((row) => searchEndpointOf(row)?.endpointId === endpointId).map(({ name }) => name);
  }

  /**
   * Gives the open workspace's search to an endpoint, after it answered with a vector. Whoever calls has said what is
   * sent there. A job builds the index.
   *
   * @throws AttuneError `endpoint/…`
   */
  async use({ id, baseUrl }: EndpointRow): Promise<void> {
    await testEmbedder(id);
    const choice: SearchEndpoint = { endpointId: id, host: hostOf(baseUrl) };
    await workspaces.setSetting(SEARCH_ENDPOINT_KEY, choice);
  }

  /** Back to the search model of this machine; nothing is sent from now on. */
  async stop(): Promise<void> {
    await workspaces.setSetting(SEARCH_ENDPOINT_KEY, undefined);
  }
}

export const searchEndpoint = new SearchEndpointInForce();
