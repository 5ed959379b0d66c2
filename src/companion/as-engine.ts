import { addEndpoint, setEndpointEnabled } from '../generation/endpoint/client.ts';
import { database } from '../storage/database.ts';
import type { EndpointRow } from '../storage/schema.ts';
import { modelsUrl, nodeWithToken } from './nodes.ts';

/**
 * A model of a node as an endpoint, switched on: a generator then answers in the chat, writes questions, judges and
 * stands in the matrix like any other; an embedder can be chosen for search. The same model again gives the same
 * endpoint.
 *
 * @throws AttuneError `companion/forgotten`
 */
export async function asEndpoint(
  nodeId: string,
  model: string,
  role?: EndpointRow['role'],
  db = database(),
): Promise<EndpointRow> {
  const { row: node, token } = await nodeWithToken(nodeId, db);
  const baseUrl = modelsUrl(node.url);
  const known = await db.endpoints
    .filter((row) => row.baseUrl === baseUrl && row.model === model && row.role === role)
    .first();
  const form = { name: `${model} on ${node.name}`, baseUrl, model, apiKey: token, ...(role && { role }) };
  const row = known ?? (await addEndpoint(form, db));
  await setEndpointEnabled(row.id, true, db);
  return { ...row, enabled: true };
}
