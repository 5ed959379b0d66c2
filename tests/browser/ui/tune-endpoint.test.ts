import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { commands, page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';
import { addDataset } from './training-rows.ts';

/** A stand-in that speaks the protocol over real HTTP: its vectors are made of words. */
let url: string;
let host: string;
let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
  url = await commands.startOpenAiServer();
  host = new URL(url).host;
  const endpoint = { id: 'e', name: 'Box', baseUrl: url, model: 'words', enabled: true, role: 'embedder' } as const;
  await database().endpoints.add({ ...endpoint, dimensions: 64 });
  await database().workspaces.update(workspaceId, { settings: { searchEndpoint: { endpointId: 'e', host } } });
  await addDataset(workspaceId);
  router.go('tune');
  await userEvent.click(page.getByRole('radio', { name: /^Search model/ }));
});
afterEach(() => commands.stopOpenAiServer(url));
afterAll(closeApp);

const instant = () => userEvent.click(page.getByRole('radio', { name: /^In seconds/ }));
const start = () => page.getByRole('button', { name: 'Start tuning' });
const sent = () => page.getByText(`Sent to ${host}`, { exact: false });
/** The worker starts with this question, which takes a while where the machine is busy. */
const PATIENCE = { timeout: 100_000 };

test('what an endpoint would be sent is counted first; a start sends that and makes an adapter for it', async () => {
  await instant();
  await expect.element(sent(), PATIENCE).toBeVisible();
  await expect.element(page.getByRole('main')).toHaveTextContent(/36 questions and 36 passages, to get their vectors/);
  expect(await axeFindings()).toEqual([]);
  expect(await commands.openAiServerEmbedded(url)).toEqual([]);

  await userEvent.click(start());
  await expect.poll(() => database().adapters.toArray(), PATIENCE).toMatchObject([{ modelId: 'e', task: 'linear' }]);
  const texts = await commands.openAiServerEmbedded(url);
  expect(texts).toContain('How many days does country 0 give?');
  expect(texts).not.toContain('How many days does country 39 give?');
  expect(texts).toHaveLength(72);

  const [adapter] = await database().adapters.toArray();
  router.go('models', null, { adapter: adapter!.id });
  const card = page.getByRole('article', { name: adapter!.name });
  await expect.element(card).toHaveTextContent(`for words on ${host}`);
});

test('nothing can be started while the endpoint is off, and the way out is said', async () => {
  await database().endpoints.update('e', { enabled: false });
  await instant();
  await expect.element(page.getByRole('alert'), PATIENCE).toHaveTextContent(/Box.*is switched off.*Switch it on/);
  await expect.element(start()).toBeDisabled();
  expect(await commands.openAiServerEmbedded(url)).toEqual([]);
});

test('what is tuned on this machine is said not to search now', async () => {
  const note = page.getByText(`which does not search now: ${host} does.`);
  await expect.element(note).toHaveTextContent('This tunes a model of this machine');
  await userEvent.click(page.getByRole('radio', { name: /^Ranking model/ }));
  await expect.element(note).toHaveTextContent('It learns behind the search model of this machine');
  await userEvent.click(page.getByRole('radio', { name: /^Answer model/ }));
  await expect.element(note).not.toBeInTheDocument();
});
