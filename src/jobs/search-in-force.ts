import type { AttuneDatabase } from '../storage/database.ts';
import { adaptersOf } from '../storage/workspace-adapters.ts';
import { searchEndpointOf } from '../storage/workspace-search.ts';

/** What makes a workspace's vectors, besides the search model of this machine: another one needs another index. */
export interface SearchInForce {
  adapterId: string | undefined;
  /** `dimensions` are unknown until its server was asked. */
  endpoint: { id: string; host: string; enabled: boolean; dimensions: number | undefined } | undefined;
}

export async function searchInForce(db: AttuneDatabase, workspaceId: string): Promise<SearchInForce> {
  const workspace = await db.workspaces.get(workspaceId);
  const adapterId = adaptersOf(workspace).embedder;
  const chosen = searchEndpointOf(workspace);
  if (!chosen) return { adapterId, endpoint: undefined };
  const row = await db.endpoints.get(chosen.endpointId);
  const { enabled = false, dimensions } = row ?? {};
  return { adapterId, endpoint: { id: chosen.endpointId, host: chosen.host, enabled, dimensions } };
}

/** Equal ones need nothing to be built. Dimensions that became known are no others. */
export function isSame(before: SearchInForce, now: SearchInForce): boolean {
  const [a, b] = [before.endpoint, now.endpoint];
  const isSameEndpoint = a?.id === b?.id && a?.host === b?.host && a?.enabled === b?.enabled;
  return before.adapterId === now.adapterId && isSameEndpoint && (a?.dimensions ?? b?.dimensions) === b?.dimensions;
}

/** Whether something else than the bare model of this machine is wanted. */
export function isOwn({ adapterId, endpoint }: SearchInForce): boolean {
  return adapterId !== undefined || endpoint !== undefined;
}

/** Whether the index was begun; a matrix for questions alone has none of its own. */
export async function hasIndex(
  db: AttuneDatabase,
  workspaceId: string,
  { adapterId, endpoint }: SearchInForce,
): Promise<boolean> {
  const indexes = await db.vectorIndexes.where('workspaceId').equals(workspaceId).toArray();
  const own = indexes.filter(
    ({ endpointId, dimensions }) =>
      endpointId === endpoint?.id && (endpoint?.dimensions === undefined || dimensions === endpoint.dimensions),
  );
  if (adapterId === undefined) return own.length > 0;
  const isLinear = async () => (await db.adapters.get(adapterId))?.task === 'linear';
  return own.some((index) => index.adapterId === adapterId) || isLinear();
}
