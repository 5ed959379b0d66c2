import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import type { AdapterRow } from '../../../src/storage/schema.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';
import { addRun, HASH } from './training-rows.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

async function addAdapter(id: string, changes: Partial<AdapterRow> = {}): Promise<void> {
  await database().adapters.add({
    ...{ id, workspaceId, name: `Adapter ${id}`, description: 'For leave questions.', task: 'generator' },
    ...{ modelId: 'SmolLM2-135M-Instruct-Q4_1', modelName: 'SmolLM2-135M-Instruct', rank: 8, alpha: 16 },
    ...{ targets: ['q_proj', 'v_proj'], bytes: 1_400_000, sha256: HASH, baseLicence: 'Apache-2.0' },
    ...{ dataLicence: 'CC BY-SA 4.0', scores: [{ name: 'Token F1', base: 0.115, tuned: 0.49 }], datasetHash: HASH },
    ...{ source: 'trained here', createdAt: 1 },
    ...changes,
  });
}
const setting = async () => (await database().workspaces.get(workspaceId))?.settings['adapters'];
const row = (id: string) => page.getByRole('article', { name: `Adapter ${id}` });

test('an adapter shows what it bought and its card, and a link opens the card', async () => {
  await addRun(workspaceId, 'r1');
  await addAdapter('a', { runId: 'r1' });
  router.go('models', null, { adapter: 'a' });
  await expect.element(row('a')).toHaveTextContent(/Answer model · trained here · for SmolLM2-135M-Instruct/);
  await expect.element(row('a')).toHaveTextContent(/Token F1 0\.115 → 0\.490 \(\+0\.375\)/);
  await expect.element(row('a').getByText('CC BY-SA 4.0')).toBeVisible();
  await expect.element(row('a').getByText('Apache-2.0')).toBeVisible();
  await expect.element(row('a').getByRole('link', { name: 'this run' })).toHaveAttribute('href', '#/tune/r1');
  expect(await axeFindings()).toEqual([]);
  await page.viewport(360, 740);
  expect(document.documentElement.scrollWidth).toBe(360);
});

test('one adapter works per model: another one takes its place, and off is the bare model', async () => {
  await addAdapter('a');
  await addAdapter('b');
  router.go('models');
  const toggle = (id: string) => row(id).getByRole('switch');
  await userEvent.click(toggle('a'));
  await expect.poll(setting).toEqual({ generator: 'a' });
  await userEvent.click(toggle('b'));
  await expect.poll(setting).toEqual({ generator: 'b' });
  await expect.element(toggle('a')).not.toBeChecked();
  await userEvent.click(toggle('b'));
  await expect.poll(setting).toEqual({ generator: null });
});

test('says why an adapter that is switched on does not work, until it is chosen no more', async () => {
  await addAdapter('gone', { task: 'reranker', modelId: 'all-MiniLM-L6-v2', modelName: 'all-MiniLM-L6-v2' });
  router.go('models');
  await userEvent.click(row('gone').getByRole('switch'));
  // Its row has no files: they were lost on the disk.
  await expect.element(page.getByRole('alert')).toHaveTextContent(/The adapter has no adapter_config/);
  await userEvent.click(row('gone').getByRole('switch'));
  await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
});

test('is renamed and described, and deleted with ten seconds to take it back', async () => {
  await addAdapter('a');
  router.go('models');
  await userEvent.click(row('a').getByRole('button', { name: /More/ }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Name and description…' }));
  await userEvent.fill(page.getByRole('textbox', { name: 'Name' }), 'Adapter b');
  await userEvent.fill(page.getByRole('textbox', { name: 'Description' }), 'For everybody.');
  await userEvent.click(page.getByRole('button', { name: 'Save' }));
  await expect.element(row('b')).toHaveTextContent('For everybody.');
  await userEvent.click(row('b').getByRole('button', { name: /More/ }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Delete' }));
  await expect.element(row('b')).not.toBeInTheDocument();
  await userEvent.click(page.getByRole('button', { name: 'Undo' }).last());
  await expect.element(row('b')).toBeVisible();
  await userEvent.click(row('b').getByRole('button', { name: /More/ }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Delete' }));
  await userEvent.click(page.getByRole('button', { name: 'Close notice' }).last());
  await expect.poll(() => database().adapters.count()).toBe(0);
});

test('says exactly why a file is no adapter, where it was chosen', async () => {
  router.go('models');
  await userEvent.click(page.getByRole('button', { name: 'Import', exact: true }));
  const dialog = page.getByRole('dialog', { name: 'Import an adapter' });
  await expect.element(dialog.getByLabelText('It was made for')).toHaveValue('SmolLM2-135M-Instruct-Q4_1');
  const chosen = new Promise<HTMLInputElement>((resolve) => {
    const click = HTMLInputElement.prototype.click;
    HTMLInputElement.prototype.click = function (this: HTMLInputElement) {
      HTMLInputElement.prototype.click = click;
      resolve(this);
    };
  });
  await userEvent.click(dialog.getByRole('button', { name: 'Choose a zip or its files' }));
  const input = await chosen;
  const transfer = new DataTransfer();
  transfer.items.add(new File(['{}'], 'notes.json'));
  input.files = transfer.files;
  input.dispatchEvent(new Event('change'));
  await expect.element(dialog.getByRole('alert')).toHaveTextContent(/adapter_config\.json/);
  expect(await database().adapters.count()).toBe(0);
});
