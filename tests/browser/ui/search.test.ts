import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { workspaces } from '../../../src/ui/state/workspaces.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { addFiles, axeFindings } from './screen-support.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

const hits = () => [...document.querySelectorAll('.results article')] as HTMLElement[];
const names = () => hits().map((hit) => hit.querySelector('.title')!.textContent!.trim());

/** "Holiday" is in one file as a word and in another only by its meaning. */
const FILES = {
  'hr/leave.md': '# Leave\n\nEvery employee gets 25 days of paid vacation per year.',
  'hr/office.md': '# Office\n\nThe holiday decorations are stored in the cellar of the office.',
  'it/backup.md': '# Backup\n\nServers are copied to tape every night.',
};

async function search(query: string): Promise<void> {
  router.go('search');
  await userEvent.fill(page.getByRole('searchbox', { name: 'Question or words' }), query);
}

test('the settings show the weight of meaning that came with the adapter in force', async () => {
  await database().adapters.add({
    ...{ id: 'a', workspaceId, name: 'Handbook search', description: '', task: 'embedder', denseWeight: 0.95 },
    ...{ modelId: 'all-MiniLM-L6-v2', modelName: 'all-MiniLM-L6-v2', rank: 8, alpha: 16, targets: [], bytes: 1 },
    ...{ sha256: 'a'.repeat(64), baseLicence: 'Apache-2.0', scores: [], source: 'trained here', createdAt: 1 },
  });
  router.go('search');
  await userEvent.click(page.getByRole('button', { name: 'Search settings' }));
  const weight = page.getByRole('spinbutton', { name: 'Weight of meaning' });
  await expect.element(weight).toHaveValue(0.8);
  await workspaces.setSetting('adapters', { embedder: 'a' });
  await expect.element(weight).toHaveValue(0.95);
  await expect.element(page.getByText(/With “Handbook search” 0\.95 found most/)).toBeVisible();
  await workspaces.setSetting('retrieval.denseWeight', 0.5);
  await expect.element(weight).toHaveValue(0.5);
});

test('an empty workspace says what to do first', async () => {
  router.go('search');
  await userEvent.click(page.getByRole('button', { name: 'Go to the library' }));
  await expect.poll(() => router.route.screen).toBe('library');
});

test('shows why a passage is where it is, what a change of settings moved, and the passage in its document', async () => {
  await addFiles(workspaceId, FILES);
  // The index of meanings has to be complete for the comparison.
  await expect
    .poll(async () => (await database().jobs.get(`embed:${workspaceId}`))?.state, { timeout: 60_000 })
    .toBe('done');
  await search('holiday entitlement of employees');
  await expect.poll(() => names().sort(), { timeout: 30_000 }).toEqual(['backup.md', 'leave.md', 'office.md']);
  // Nothing in this file has a word of the question: it is there by meaning alone.
  const why = hits()[names().indexOf('backup.md')]!.querySelector('.why button')!;
  expect(why.textContent).toMatch(/Meaning\s*3\s*Words\s*–\s*Joined\s*3/);
  await userEvent.hover(why);
  await expect.element(page.getByText(/rank 3 · cosine similarity 0\.\d+/)).toBeVisible();

  await userEvent.click(page.getByRole('radio', { name: 'Words' }));
  await expect.element(page.getByText(/Since the last change: .*dropped out/)).toBeVisible();
  expect(names()).not.toContain('backup.md');
  const office = hits()[names().indexOf('office.md')]!;
  expect([...office.querySelectorAll('mark')].map((mark) => mark.textContent)).toContain('holiday');

  await userEvent.click(page.getByRole('button', { name: 'office.md', exact: true }));
  const view = page.getByTestId('document-view');
  await expect.element(view.getByRole('mark').last()).toHaveTextContent('The holiday decorations are stored');
  expect(await axeFindings()).toEqual([]);
});

test('a folder and a single document narrow the search', async () => {
  await addFiles(workspaceId, FILES);
  await search('office servers holiday vacation');
  await userEvent.click(page.getByRole('radio', { name: 'Words' }));
  await expect.poll(() => names().sort()).toEqual(['backup.md', 'leave.md', 'office.md']);
  await userEvent.selectOptions(page.getByRole('combobox', { name: 'Folder' }), 'it');
  await expect.poll(names).toEqual(['backup.md']);
  await userEvent.selectOptions(page.getByRole('combobox', { name: 'Folder' }), 'All folders');
  await userEvent.click(page.getByRole('button', { name: 'More for leave.md' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Search only this document' }));
  await expect.poll(names).toEqual(['leave.md']);
});

test('a setting of the workspace is kept and runs the search again', async () => {
  await addFiles(workspaceId, FILES);
  await search('holiday vacation');
  await userEvent.click(page.getByRole('radio', { name: 'Words' }));
  await expect.poll(() => names().length).toBe(2);
  await userEvent.click(page.getByRole('button', { name: 'Search settings' }));
  await userEvent.fill(page.getByRole('spinbutton', { name: 'BM25 k1' }), '2');
  await userEvent.keyboard('{Tab}');
  await expect.poll(async () => (await database().workspaces.get(workspaceId))?.settings['retrieval.k1']).toBe(2);
  await expect.element(page.getByText(/Since the last change/)).toBeVisible();
  expect(await axeFindings()).toEqual([]);
  await page.viewport(360, 740);
  await userEvent.click(page.getByRole('button', { name: 'Close the settings' }));
  await expect.poll(() => hits().length).toBe(2);
  expect(document.documentElement.scrollWidth).toBe(360);
  expect(await axeFindings()).toEqual([]);
});
