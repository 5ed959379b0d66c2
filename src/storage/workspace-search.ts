import type { WorkspaceRow } from './schema.ts';

/** Key of {@link WorkspaceRow.settings}; never part of an export: another machine has no such endpoint. */
export const SEARCH_ENDPOINT_KEY = 'searchEndpoint';

/** The endpoint that makes a workspace's vectors, and the host that its owner agreed to send passages to. */
export interface SearchEndpoint {
  endpointId: string;
  /** Host and port. An endpoint that is moved to another host needs a new yes. */
  host: string;
}

/** Absent: vectors are made on this machine. */
export function searchEndpointOf(workspace: Pick<WorkspaceRow, 'settings'> | undefined): SearchEndpoint | undefined {
  return workspace?.settings[SEARCH_ENDPOINT_KEY] as SearchEndpoint | undefined;
}
