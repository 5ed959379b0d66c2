import 'fake-indexeddb/auto';
import { expect, it, onTestFinished } from 'vitest';
import { asEndpoint } from '../../../src/companion/as-engine.ts';
import { pair } from '../../../src/companion/nodes.ts';
import { addEndpoint } from '../../../src/generation/endpoint/client.ts';
import { openEndpoint } from '../../../src/generation/endpoint/open.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';

const NODE = 'http://127.0.0.1:8700';

it('gives the new token to the endpoints of the models of a node that is paired anew, and to no other', async () => {
  const db = new AttuneDatabase('pairing-anew-test');
  onTestFinished(() => db.delete());
  const node = await pair(NODE, 'old', 'Box', db);
  const words = await asEndpoint(node.id, 'words', 'embedder', db);
  const writer = await asEndpoint(node.id, 'writer', undefined, db);
  const form = { name: 'Other', baseUrl: 'http://127.0.0.1:8701/v1', model: 'words' };
  const other = await addEndpoint({ ...form, apiKey: 'its own' }, db);
  await db.endpoints.update(other.id, { enabled: true });

  await pair(NODE, 'new', '', db);

  const keyOf = async (id: string) => (await openEndpoint(id, 'search model', db)).connection.apiKey;
  expect(await keyOf(words.id)).toBe('new');
  expect(await keyOf(writer.id)).toBe('new');
  expect(await keyOf(other.id)).toBe('its own');
});
