import { AttuneError } from '../../errors/attune-error.ts';
import { database } from '../../storage/database.ts';
import type { EndpointRow } from '../../storage/schema.ts';
import type { EndpointConnection } from './connection.ts';

/**
 * An endpoint that the user added and switched on, with its key.
 *
 * @param instead what else does its work: "answer model", "search model"
 * @throws AttuneError `endpoint/missing`, `endpoint/off`
 */
export async function openEndpoint(
  id: string,
  instead: 'answer model' | 'search model',
  db = database(),
): Promise<{ row: EndpointRow; connection: EndpointConnection }> {
  const row = await db.endpoints.get(id);
  if (!row) {
    throw new AttuneError(
      'endpoint/missing',
      'This endpoint no longer exists.',
      `Choose another ${instead} under Models.`,
    );
  }
  if (!row.enabled) {
    throw new AttuneError(
      'endpoint/off',
      `The endpoint “${row.name}” is switched off.`,
      `Switch it on under Models if text may leave this machine, or choose another ${instead}.`,
    );
  }
  const apiKey = (await db.secrets.get(id))?.value;
  return { row, connection: { baseUrl: row.baseUrl, model: row.model, ...(apiKey && { apiKey }) } };
}
