import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { workspaces } from '../../../src/ui/state/workspaces.svelte.ts';
import { addDocument, closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
  router.go('settings');
});
afterAll(closeApp);

const settings = async () => (await database().workspaces.get(workspaceId))?.settings;

test('the theme is chosen over that of the system', async () => {
  await userEvent.click(page.getByRole('radio', { name: /^Dark/ }));
  expect(document.documentElement.dataset.theme).toBe('dark');
  await userEvent.click(page.getByRole('radio', { name: /As the system/ }));
  expect(document.documentElement.dataset.theme).toBeUndefined();
});

test('a knob keeps its value for the workspace, within its range, and goes back to its default', async () => {
  const passages = page.getByRole('spinbutton', { name: 'Passages', exact: true });
  await userEvent.fill(passages, '500');
  await userEvent.keyboard('{Tab}');
  await expect.poll(settings).toEqual({ passageCount: 20 });
  await userEvent.click(page.getByRole('button', { name: 'Reset the one changed value' }));
  await expect.poll(settings).toEqual({});
  await userEvent.click(page.getByRole('button', { name: 'Undo' }).last());
  await expect.poll(settings).toEqual({ passageCount: 20 });
});

test('the workspace is renamed, and deleting it can be undone until it is final', async () => {
  await addDocument(workspaceId, 'd1', 'on-call.md');
  const name = page.getByRole('textbox', { name: 'Name' });
  await expect.element(name).toHaveValue('My documents');
  await userEvent.fill(name, 'Contracts');
  await userEvent.keyboard('{Tab}');
  await expect.element(page.getByRole('button', { name: 'Workspace: Contracts' })).toBeVisible();

  const remove = () => userEvent.click(page.getByRole('button', { name: 'Delete', exact: true }));
  await remove();
  await expect.poll(() => workspaces.id).not.toBe(workspaceId);
  await userEvent.click(page.getByRole('button', { name: 'Undo' }).last());
  await expect.poll(() => workspaces.id).toBe(workspaceId);
  expect(await database().documents.count()).toBe(1);

  await remove();
  await expect.poll(() => workspaces.id).not.toBe(workspaceId);
  await userEvent.click(page.getByRole('button', { name: 'Close notice' }).last());
  await expect.poll(() => database().workspaces.get(workspaceId), { timeout: 20_000 }).toBeUndefined();
  expect(await database().documents.count()).toBe(0);
  expect(await database().chunks.count()).toBe(0);
});

test('a link leads to its section, axe finds nothing, and 360 pixels are enough', async () => {
  router.go('settings', 'privacy');
  await expect.element(page.getByRole('heading', { name: 'Privacy' })).toBeInViewport();
  expect(await axeFindings()).toEqual([]);
  await page.viewport(360, 740);
  expect(document.documentElement.scrollWidth).toBe(360);
  expect(await axeFindings()).toEqual([]);
});
