import { liveQuery } from 'dexie';
import { AttuneError } from '../../errors/attune-error.ts';
import { database } from '../../storage/database.ts';
import type { EndpointRow } from '../../storage/schema.ts';
import { isLoopback, normalizeBaseUrl } from './address.ts';
import { fetchEmbeddings } from './embeddings.ts';
import { openEndpoint } from './open.ts';
import { fetchModels, type EndpointModel } from './protocol.ts';

/** What the form asks for. */
export interface EndpointForm {
  name: string;
  baseUrl: string;
  model: string;
  /** Absent: it writes. */
  role?: EndpointRow['role'];
  /** Empty: the server needs none. */
  apiKey?: string;
}

/** What a test of a connection found. */
export interface ConnectionTest {
  milliseconds: number;
  models: EndpointModel[];
  /** Whether the chosen model is among them. */
  modelFound: boolean;
}

/** A removed endpoint with its key, for an undo. */
export interface RemovedEndpoint {
  row: EndpointRow;
  apiKey?: string;
}

export { isLoopback };
export type { EndpointModel };

/** Adds an endpoint, switched off. @throws AttuneError `endpoint/bad-address`, `endpoint/no-model`. */
export async function addEndpoint(form: EndpointForm, db = database()): Promise<EndpointRow> {
  const row: EndpointRow = { id: crypto.randomUUID(), enabled: false, ...checked(form) };
  await db.transaction('rw', db.endpoints, db.secrets, async () => {
    await db.endpoints.add(row);
    if (form.apiKey) await db.secrets.put({ id: row.id, value: form.apiKey });
  });
  return row;
}

/** Changes an endpoint. `apiKey` undefined leaves the key, '' deletes it. */
export async function updateEndpoint(id: string, form: EndpointForm, db = database()): Promise<void> {
  // Another model, or another server, may give other vectors; a missing role takes the old one away.
  const changes = { role: undefined, dimensions: undefined, ...checked(form) };
  await db.transaction('rw', db.endpoints, db.secrets, async () => {
    await db.endpoints.update(id, changes);
    if (form.apiKey === '') await db.secrets.delete(id);
    else if (form.apiKey !== undefined) await db.secrets.put({ id, value: form.apiKey });
  });
}

/** Switches an endpoint on or off. The page can reach a newly enabled one after its next load (content policy). */
export async function setEndpointEnabled(id: string, enabled: boolean, db = database()): Promise<void> {
  await db.endpoints.update(id, { enabled });
}

/** Removes an endpoint with its key and returns both for {@link restoreEndpoint}. */
export function removeEndpoint(id: string, db = database()): Promise<RemovedEndpoint | undefined> {
  return db.transaction('rw', db.endpoints, db.secrets, async () => {
    const row = await db.endpoints.get(id);
    if (!row) return undefined;
    const apiKey = (await db.secrets.get(id))?.value;
    await db.endpoints.delete(id);
    await db.secrets.delete(id);
    return { row, ...(apiKey && { apiKey }) };
  });
}

/** Puts a removed endpoint back. */
export async function restoreEndpoint({ row, apiKey }: RemovedEndpoint, db = database()): Promise<void> {
  await db.transaction('rw', db.endpoints, db.secrets, async () => {
    await db.endpoints.put(row);
    if (apiKey) await db.secrets.put({ id: row.id, value: apiKey });
  });
}

/**
 * Asks a server for its models, without sending any text.
 *
 * @throws AttuneError `endpoint/…` as described in `problems.ts`.
 */
export async function testConnection(form: Omit<EndpointForm, 'name'>, signal?: AbortSignal): Promise<ConnectionTest> {
  const baseUrl = normalizeBaseUrl(form.baseUrl);
  const started = performance.now();
  const models = await fetchModels({ baseUrl, model: form.model, ...(form.apiKey && { apiKey: form.apiKey }) }, signal);
  return {
    milliseconds: performance.now() - started,
    models,
    modelFound: models.some((model) => model.id === form.model),
  };
}

/** As {@link testConnection}, for a stored endpoint with its stored key; remembers the model's context size. */
export async function testEndpoint(id: string, signal?: AbortSignal, db = database()): Promise<ConnectionTest> {
  const row = await db.endpoints.get(id);
  if (!row) throw new AttuneError('endpoint/missing', 'This endpoint no longer exists.', 'Add it again under Models.');
  const apiKey = (await db.secrets.get(id))?.value;
  const result = await testConnection({ ...row, ...(apiKey && { apiKey }) }, signal);
  const contextTokens = result.models.find((model) => model.id === row.model)?.contextTokens;
  if (contextTokens) await db.endpoints.update(id, { contextTokens });
  return result;
}

/**
 * Asks an endpoint for the vector of one word that says nothing of anybody, and remembers how long it is.
 *
 * @returns its dimensions
 * @throws AttuneError `endpoint/…` as described in `problems.ts`
 */
export async function testEmbedder(id: string, db = database()): Promise<number> {
  const open = async () => (await openEndpoint(id, 'search model', db)).connection;
  const [vector] = await fetchEmbeddings(open, ['Attune'], { pauses: [], timeout: 10_000 });
  const dimensions = vector!.length;
  await db.endpoints.update(id, { dimensions });
  return dimensions;
}

/** Origins of the endpoints that are switched on: what the content security policy has to let through. */
export async function allowedOrigins(db = database()): Promise<string[]> {
  const rows = await db.endpoints.toArray();
  return [...new Set(rows.filter((row) => row.enabled).map((row) => new URL(row.baseUrl).origin))].sort();
}

/** Calls `listener` with {@link allowedOrigins} now and whenever they may have changed, in any tab. @returns unsubscribe. */
export function onEndpointsChanged(listener: (origins: string[]) => void, db = database()): () => void {
  const subscription = liveQuery(() => allowedOrigins(db)).subscribe(listener);
  return () => subscription.unsubscribe();
}

function checked({
  name,
  baseUrl,
  model,
  role,
}: EndpointForm): Pick<EndpointRow, 'name' | 'baseUrl' | 'model' | 'role'> {
  const address = normalizeBaseUrl(baseUrl);
  if (model.trim() === '') {
    throw new AttuneError(
      'endpoint/no-model',
      'The endpoint needs the name of a model.',
      'Test the connection and choose one.',
    );
  }
  return { name: name.trim() || new URL(address).host, baseUrl: address, model: model.trim(), ...(role && { role }) };
}
