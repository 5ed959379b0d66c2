import { AttuneError } from '../errors/attune-error.ts';
import { addEndpoint, setEndpointEnabled } from '../generation/endpoint/client.ts';
import { database } from '../storage/database.ts';
import type { EndpointRow } from '../storage/schema.ts';

/**
 * A model of a node as an endpoint, switched on: it then answers in the chat, writes questions, judges and stands in the
 * matrix like any other. The same model again gives the same endpoint.
 *
 * @throws AttuneError `companion/forgotten`
 */
export async function useForAnswers(nodeId: string, model: string, db = database()): Promise<EndpointRow> {
  const [node, secret] = await Promise.all([db.nodes.get(nodeId), db.secrets.get(nodeId)]);
  if (!node || !secret) {
    throw new AttuneError('companion/forgotten', 'This node is not paired any more.', 'Pair with it under Settings.');
  }
  const baseUrl = `${node.url}/v1`;
  const known = await db.endpoints.filter((row) => row.baseUrl === baseUrl && row.model === model).first();
  const row =
    known ?? (await addEndpoint({ name: `${model} on ${node.name}`, baseUrl, model, apiKey: secret.value }, db));
  await setEndpointEnabled(row.id, true, db);
  return { ...row, enabled: true };
}
