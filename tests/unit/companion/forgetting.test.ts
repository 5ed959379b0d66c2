import 'fake-indexeddb/auto';
import { expect, it, onTestFinished } from 'vitest';
import { asEndpoint } from '../../../src/companion/as-engine.ts';
import { forgetNode, pair, restoreNode, setNodeEnabled } from '../../../src/companion/nodes.ts';
import { addEndpoint } from '../../../src/generation/endpoint/client.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';

let databases = 0;

/** A node with a model in use, and an endpoint of somebody else. */
async function setUp() {
  const db = new AttuneDatabase(`forgetting-test-${databases++}`);
  onTestFinished(() => db.delete());
  const node = await pair('http://127.0.0.1:8700', 'token', 'Box', db);
  const writer = await asEndpoint(node.id, 'writer', undefined, db);
  const form = { name: 'Other', baseUrl: 'http://127.0.0.1:8701/v1', model: 'words', apiKey: 'its own' };
  const other = await addEndpoint(form, db);
  await db.endpoints.update(other.id, { enabled: true });
  const isOn = async (id: string) => (await db.endpoints.get(id))?.enabled;
  const keys = async () => (await db.secrets.toArray()).map(({ value }) => value).sort();
  return { db, node, writer, other, isOn, keys };
}

it('a forgotten node takes the endpoints of its models and every copy of its token along; an undo brings them back', async () => {
  const { db, node, writer, other, isOn, keys } = await setUp();
  const forgotten = await forgetNode(node.id, db);
  expect(await isOn(writer.id)).toBeUndefined();
  expect(await isOn(other.id)).toBe(true);
  expect(await keys()).toEqual(['its own']);
  await restoreNode(forgotten!, db);
  expect(await isOn(writer.id)).toBe(true);
  expect(await keys()).toEqual(['its own', 'token', 'token']);
});

it('a node that is switched off is no longer asked by the endpoints of its models either', async () => {
  const { db, node, writer, other, isOn } = await setUp();
  await setNodeEnabled(node.id, false, db);
  expect([await isOn(writer.id), await isOn(other.id)]).toEqual([false, true]);
  await setNodeEnabled(node.id, true, db);
  expect(await isOn(writer.id)).toBe(false);
});
