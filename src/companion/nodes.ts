import { AttuneError } from '../errors/attune-error.ts';
import { removeEndpoint, restoreEndpoint, type RemovedEndpoint } from '../generation/endpoint/client.ts';
import { database, type AttuneDatabase } from '../storage/database.ts';
import type { NodeRow } from '../storage/schema.ts';
import { CompanionClient } from './client.ts';
import { readPairing } from './pairing.ts';

export interface NodeWithToken {
  row: NodeRow;
  token: string;
}

/** What an undo puts back. */
export interface ForgottenNode extends NodeWithToken {
  /** Those of its models, with its token. */
  endpoints: RemovedEndpoint[];
}

/**
 * Pairs with a node: the same address again takes the new token, for the endpoints of its models too. It is switched on;
 * the page can reach it after its next load (content policy).
 *
 * @param pasted the pairing link that the node shows, or its address
 * @param token where only the address was pasted
 * @throws AttuneError `companion/bad-address`, `companion/no-token`
 */
export async function pair(pasted: string, token = '', name = '', db = database()): Promise<NodeRow> {
  const { url, token: secret } = readPairing(pasted, token);
  return db.transaction('rw', db.nodes, db.endpoints, db.secrets, async () => {
    const known = await db.nodes.filter((node) => node.url === url).first();
    const row: NodeRow = {
      id: known?.id ?? crypto.randomUUID(),
      name: name.trim() || known?.name || new URL(url).host,
      url,
      enabled: true,
      createdAt: known?.createdAt ?? Date.now(),
    };
    await db.nodes.put(row);
    const itsModels = await endpointsOf({ url }, db).toArray();
    await db.secrets.bulkPut([row, ...itsModels].map(({ id }) => ({ id, value: secret })));
    return row;
  });
}

/** Where a node serves its models, as an endpoint's address. */
export function modelsUrl(nodeUrl: string): string {
  return `${nodeUrl}/v1`;
}

/**
 * Switches a node on or off. Off takes the endpoints of its models along, or passages would still go to it; on leaves
 * them, since each of them is chosen by itself.
 */
export async function setNodeEnabled(id: string, enabled: boolean, db = database()): Promise<void> {
  await db.transaction('rw', db.nodes, db.endpoints, async () => {
    await db.nodes.update(id, { enabled });
    const row = await db.nodes.get(id);
    if (row && !enabled) await endpointsOf(row, db).modify({ enabled: false });
  });
}

/** Forgets a node with its token and the endpoints of its models; what lies on it stays there. */
export function forgetNode(id: string, db = database()): Promise<ForgottenNode | undefined> {
  return db.transaction('rw', db.nodes, db.endpoints, db.secrets, async () => {
    const row = await db.nodes.get(id);
    if (!row) return undefined;
    const token = (await db.secrets.get(id))?.value ?? '';
    const removed = await Promise.all((await endpointsOf(row, db).toArray()).map((one) => removeEndpoint(one.id, db)));
    await db.nodes.delete(id);
    await db.secrets.delete(id);
    return { row, token, endpoints: removed.flatMap((one) => one ?? []) };
  });
}

/** Puts a forgotten node back. */
export async function restoreNode({ row, token, endpoints }: ForgottenNode, db = database()): Promise<void> {
  await db.transaction('rw', db.nodes, db.endpoints, db.secrets, async () => {
    await db.nodes.put(row);
    await db.secrets.put({ id: row.id, value: token });
    for (const endpoint of endpoints) await restoreEndpoint(endpoint, db);
  });
}

function endpointsOf({ url }: Pick<NodeRow, 'url'>, db: AttuneDatabase) {
  return db.endpoints.filter(({ baseUrl }) => baseUrl === modelsUrl(url));
}

/** A paired node with its token. @throws AttuneError `companion/forgotten` */
export async function nodeWithToken(nodeId: string, db = database()): Promise<NodeWithToken> {
  const [row, secret] = await Promise.all([db.nodes.get(nodeId), db.secrets.get(nodeId)]);
  if (row && secret) return { row, token: secret.value };
  throw new AttuneError('companion/forgotten', 'This node is not paired any more.', 'Pair with it under Settings.');
}

/** The client of a paired node. @throws AttuneError `companion/forgotten`, `companion/off` */
export async function clientOf(nodeId: string, db = database()): Promise<CompanionClient> {
  const { row, token } = await nodeWithToken(nodeId, db);
  if (!row.enabled) {
    throw new AttuneError('companion/off', `${row.name} is switched off here.`, 'Switch it on under Settings.');
  }
  return new CompanionClient({ url: row.url, token });
}
