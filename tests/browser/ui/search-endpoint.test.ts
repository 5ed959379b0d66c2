import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { commands, page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { searchEndpointOf } from '../../../src/storage/workspace-search.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { writeDocument } from '../../support/library.ts';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

const PASSAGES = [
  'The on-call engineer is told first. A rotation lasts one week.',
  'If an alert is not acknowledged within fifteen minutes, the secondary engineer is paged.',
];

/** A stand-in that speaks the protocol over real HTTP: its vectors are made of words. */
let url: string;
let host: string;
let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
  url = await commands.startOpenAiServer();
  host = new URL(url).host;
  await writeDocument(database(), workspaceId, { path: 'handbook/on-call.md', passages: PASSAGES });
  await database().endpoints.add({
    id: 'e',
    name: 'Box',
    baseUrl: url,
    model: 'words',
    enabled: true,
    role: 'embedder',
  });
  router.go('models');
});
afterEach(() => commands.stopOpenAiServer(url));
afterAll(closeApp);

const choice = async () => searchEndpointOf(await database().workspaces.get(workspaceId));
const here = () => page.getByRole('article', { name: `Search by ${host}` });

async function choose() {
  await userEvent.click(page.getByRole('button', { name: 'Use for search…' }));
  await userEvent.click(page.getByRole('button', { name: 'Send and use for search' }));
}

test('what is sent is said first; nothing is sent until it is agreed to', async () => {
  await userEvent.click(page.getByRole('button', { name: 'Use for search…' }));
  const dialog = page.getByRole('dialog');
  await expect.element(dialog).toHaveTextContent(/all 2 passages of this workspace/);
  await expect.element(dialog).toHaveTextContent(/every question that you ask/);
  expect(await axeFindings()).toEqual([]);
  await userEvent.click(dialog.getByRole('button', { name: 'Cancel' }));
  expect(await choice()).toBeUndefined();
  expect(await commands.openAiServerEmbedded(url)).toEqual([]);
});

test('the index is built there, the search goes by it, and going back stops it', async () => {
  await choose();
  await expect.element(here()).toHaveTextContent('2 passages in its index, vectors of 64 numbers');
  await expect.element(here()).toHaveTextContent(`every question are sent to ${host}`);
  expect(await commands.openAiServerEmbedded(url)).toContain(PASSAGES[1]);
  expect(await axeFindings()).toEqual([]);

  router.go('search', null, { q: 'engineer paged' });
  await expect.element(page.getByText(`Searched by ${host}`, { exact: false })).toBeVisible();
  expect(await commands.openAiServerEmbedded(url)).toContain('engineer paged');

  router.go('models');
  await userEvent.click(here().getByRole('button', { name: 'Search on this machine again' }));
  await expect.element(here()).not.toBeInTheDocument();
  expect(await choice()).toBeUndefined();
});

test('a server that does not answer is named, and nothing is switched on', async () => {
  await commands.stopOpenAiServer(url);
  await choose();
  await expect.element(page.getByRole('dialog').getByRole('alert')).toHaveTextContent(`${host} cannot be reached`);
  expect(await choice()).toBeUndefined();
});

test('switched off, words alone are searched and the way out is said', async () => {
  await choose();
  await expect.element(here()).toHaveTextContent('2 passages in its index');
  await userEvent.click(page.getByRole('switch', { name: 'Switch Box on' }));
  await expect.element(here()).toHaveTextContent(`Nothing is sent to ${host} now`);
  await expect.element(here()).toHaveTextContent('is switched off');
  const before = await commands.openAiServerEmbedded(url);
  router.go('search', null, { q: 'engineer' });
  await expect.element(page.getByRole('alert')).toHaveTextContent(/Found by words alone.*switched off.*Switch it on/s);
  await expect.element(page.getByRole('heading', { name: /on-call/ }).first()).toBeVisible();
  expect(await commands.openAiServerEmbedded(url)).toEqual(before);
});

test('another machine is marked in amber, here and in the list of what can connect', async () => {
  await database().endpoints.update('e', { baseUrl: 'https://vectors.example.com/v1' });
  await userEvent.click(page.getByRole('button', { name: 'Use for search…' }));
  await expect.element(page.getByRole('dialog')).toHaveTextContent('Whoever runs that machine can read them');
  await userEvent.click(page.getByRole('dialog').getByRole('button', { name: 'Cancel' }));
  await expect.element(page.getByText('Search may ask vectors.example.com')).toBeVisible();
  await database().workspaces.update(workspaceId, {
    settings: { searchEndpoint: { endpointId: 'e', host: 'vectors.example.com' } },
  });
  await expect.element(page.getByText('Passages are sent to vectors.example.com')).toBeVisible();
  router.go('settings', 'privacy');
  await expect
    .element(page.getByRole('row', { name: /vectors\.example\.com/ }))
    .toHaveTextContent('All passages of “My documents” and every question asked there');
});
