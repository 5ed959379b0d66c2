import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

beforeEach(async () => {
  await openApp();
  router.go('models');
});
afterAll(closeApp);

test('says of the starter models what they are, where they came from and their hash', async () => {
  const embedder = page.getByRole('article', { name: 'all-MiniLM-L6-v2' });
  await expect.element(embedder).toHaveTextContent(/46 MB.*BERT, safetensors.*Apache-2\.0/s);
  await expect.element(embedder.getByText('In use')).toBeVisible();
  await userEvent.click(embedder.getByText('Files and origin'));
  await expect.element(embedder).toHaveTextContent('6638f625a0a60bdaa1e34c5fee0a17c705f13b98b43a7973e9d366106a55273d');
  await expect.element(page.getByRole('article', { name: 'SmolLM2-135M-Instruct' })).toHaveTextContent('Llama, GGUF');
  expect(await axeFindings()).toEqual([]);
});

test('measures how fast the search model is on this machine', async () => {
  const embedder = page.getByRole('article', { name: 'all-MiniLM-L6-v2' });
  await userEvent.click(embedder.getByRole('button', { name: /Measure the speed/ }));
  await expect.element(embedder.getByText(/^\d[\d.]* passages\/s$/), { timeout: 90_000 }).toBeVisible();
});

test('refuses what is no model, beside the buttons, with a way out', async () => {
  const transfer = new DataTransfer();
  transfer.items.add(new File(['hello'], 'notes.txt'));
  await expect.element(page.getByRole('heading', { name: 'Add a model' })).toBeVisible();
  document
    .querySelector('main h1')!
    .dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  await expect.element(page.getByRole('alert')).toHaveTextContent(/notes\.txt.*Choose a \.gguf file/);
  expect(await database().documents.count()).toBe(0);
});

test('an endpoint is off when added, amber while on, and its deletion can be undone', async () => {
  await userEvent.click(page.getByRole('button', { name: 'Add an endpoint' }));
  await userEvent.fill(page.getByRole('textbox', { name: 'Address' }), 'https://models.example.com/v1');
  await expect.element(page.getByText('models.example.com is another machine.', { exact: false })).toBeVisible();
  await userEvent.fill(page.getByLabelText('Key'), 'secret');
  await userEvent.fill(page.getByLabelText('Model', { exact: true }), 'large-1');
  await userEvent.click(page.getByRole('button', { name: 'Add, switched off' }));
  const row = page.getByRole('article', { name: 'models.example.com' });
  await expect.element(row).toHaveTextContent('large-1');
  expect((await database().endpoints.toArray()).map((endpoint) => endpoint.enabled)).toEqual([false]);
  await expect.element(page.getByText('Private: nothing leaves this machine')).toBeVisible();

  await userEvent.click(row.getByRole('switch'));
  await expect.element(page.getByText('Answers may come from models.example.com')).toBeVisible();
  await expect.element(row).toHaveTextContent('questions and passages are sent to models.example.com');
  expect(await axeFindings()).toEqual([]);

  await userEvent.click(row.getByRole('button', { name: /More/ }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Delete' }));
  await expect.element(row).not.toBeInTheDocument();
  await userEvent.click(page.getByRole('button', { name: 'Undo' }).last());
  await expect.element(row).toBeVisible();
  expect((await database().secrets.toArray()).map((secret) => secret.value)).toEqual(['secret']);
});
