import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import {
  addEndpoint,
  allowedOrigins,
  onEndpointsChanged,
  removeEndpoint,
  restoreEndpoint,
  setEndpointEnabled,
  testConnection,
  testEndpoint,
  updateEndpoint,
} from '../../../src/generation/endpoint/client.ts';
import { openEndpointEngine } from '../../../src/generation/endpoint/endpoint-engine.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { describeEndpoint } from '../../support/endpoint-behaviour.ts';

let url = '';
let withoutCors = '';

beforeAll(async () => {
  url = await commands.startOpenAiServer();
  withoutCors = await commands.startOpenAiServer({ cors: false });
});
afterAll(() => Promise.all([commands.stopOpenAiServer(url), commands.stopOpenAiServer(withoutCors)]));

describe('an endpoint engine in Chromium', () => {
  describeEndpoint({
    url: () => url,
    unreachableUrl: () => withoutCors,
    untilAbandoned: () => commands.openAiServerAbandoned(url),
  });
});

describe('the list of endpoints', () => {
  let db: AttuneDatabase;
  const form = () => ({ name: 'Local', baseUrl: url, model: 'locked', apiKey: 'secret-key' });

  beforeEach(async () => {
    db = new AttuneDatabase(`endpoints-${crypto.randomUUID()}`);
    return () => db.delete();
  });

  test('a new endpoint is off, its key lies apart from its row, and it opens only when switched on', async () => {
    const row = await addEndpoint(form(), db);
    expect(row.enabled).toBe(false);
    expect(JSON.stringify(await db.endpoints.toArray())).not.toContain('secret-key');
    await expect(openEndpointEngine(row.id, db)).rejects.toMatchObject({ code: 'endpoint/off' });
    await setEndpointEnabled(row.id, true, db);
    const engine = await openEndpointEngine(row.id, db);
    const options = { maxNewTokens: 8, temperature: 0, topP: 1, topK: 1, repetitionPenalty: 1 };
    const stream = engine.stream([{ role: 'user', content: 'hello' }], options, new AbortController().signal);
    expect((await stream.next()).value).toEqual({ text: 'hello', done: false });
    await stream.return(undefined);
  });

  test('the allowed origins follow what is switched on, and listeners hear of it', async () => {
    const heard: string[][] = [];
    let wake = () => {};
    const unsubscribe = onEndpointsChanged((origins) => (heard.push(origins), wake()), db);
    const heardOf = async (count: number) => {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    await heardOf(1);
    const row = await addEndpoint(form(), db);
    await setEndpointEnabled(row.id, true, db);
    while (heard.at(-1)?.length === 0) await heardOf(heard.length + 1);
    unsubscribe();
    expect(heard[0]).toEqual([]);
    expect(heard.at(-1)).toEqual([new URL(url).origin]);
    await setEndpointEnabled(row.id, false, db);
    expect(await allowedOrigins(db)).toEqual([]);
  });

  test('a test of the connection lists models, remembers the context and says whether the model is there', async () => {
    const row = await addEndpoint({ ...form(), model: 'echo' }, db);
    expect(await testEndpoint(row.id, undefined, db)).toMatchObject({ modelFound: true });
    expect((await db.endpoints.get(row.id))?.contextTokens).toBe(4096);
    expect((await testConnection({ baseUrl: url, model: 'other' })).modelFound).toBe(false);
  });

  test('removing takes the key along, and undoing brings both back', async () => {
    const row = await addEndpoint(form(), db);
    const removed = await removeEndpoint(row.id, db);
    expect([await db.endpoints.count(), await db.secrets.count()]).toEqual([0, 0]);
    await restoreEndpoint(removed!, db);
    expect([await db.endpoints.get(row.id), (await db.secrets.get(row.id))?.value]).toEqual([row, 'secret-key']);
  });

  test('a change keeps the key unless a new one is given, and an empty one deletes it', async () => {
    const row = await addEndpoint(form(), db);
    const { apiKey: _, ...withoutKey } = form();
    await updateEndpoint(row.id, { ...withoutKey, name: 'Renamed' }, db);
    expect((await db.secrets.get(row.id))?.value).toBe('secret-key');
    await updateEndpoint(row.id, { ...form(), name: 'Renamed', apiKey: '' }, db);
    expect(await db.secrets.count()).toBe(0);
    expect((await db.endpoints.get(row.id))?.name).toBe('Renamed');
  });

  test('a model is required', async () => {
    await expect(addEndpoint({ ...form(), model: ' ' }, db)).rejects.toMatchObject({ code: 'endpoint/no-model' });
  });
});
