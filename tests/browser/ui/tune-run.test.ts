import { afterAll, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { jobs } from '../../../src/jobs/client.ts';
import { datasets } from '../../../src/datasets/client.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { addFiles } from './screen-support.ts';

afterAll(closeApp);

const main = () => page.getByRole('main');
const patiently = { timeout: 100_000 };

test('from three answers to a tuned search model at work: measured, trained, kept, put in force', async () => {
  const workspaceId = await openApp();
  const topics = Array.from(
    { length: 30 },
    (_, n) => `The ${n % 2 ? 'red' : 'blue'} lighthouse ${n} was lit in ${1800 + n}.`,
  );
  await addFiles(workspaceId, Object.fromEntries(topics.map((text, n) => [`lights/${n}.md`, text])));
  const lines = topics.map((passage, n) =>
    JSON.stringify({ question: `When was number ${n} lit?`, answer: `${1800 + n}`, passage, document: `doc ${n}` }),
  );
  await datasets.import(workspaceId, new File([lines.join('\n')], 'lights.jsonl'));
  await expect.poll(async () => (await database().jobs.get(`embed:${workspaceId}`))?.state, patiently).toBe('done');

  router.go('tune');
  await userEvent.click(page.getByRole('radio', { name: /^Search model/ }));
  await userEvent.click(page.getByRole('radio', { name: /^Fast/ }));
  await userEvent.click(page.getByText('All settings'));
  const set = async (name: string, value: string) => {
    await userEvent.fill(page.getByRole('spinbutton', { name, exact: true }), value);
    await userEvent.keyboard('{Tab}');
  };
  await set('Steps', '4');
  await set('Batch', '4');
  await set('Validate every', '2');
  await set('Validation pool', '20');
  await expect.element(main(), patiently).toHaveTextContent(/(A few|About \d+) (seconds|minutes?) here, .* of memory/);
  await userEvent.click(page.getByRole('button', { name: 'Start tuning' }));

  const run = async () => (await database().runs.toArray())[0];
  await expect.poll(async () => (await run())?.state, patiently).toBe('done');
  await expect.element(main()).toHaveTextContent(/Done/);
  await expect.element(page.getByRole('img', { name: /by step: untuned/ })).toBeVisible();
  const { adapterId, id, steps } = (await run())!;
  expect(steps).toBe(4);
  expect(
    await database()
      .runPoints.where('runId')
      .equals(id)
      .filter(({ kind }) => kind === 'step')
      .count(),
  ).toBe(4);

  await userEvent.click(page.getByRole('button', { name: 'Use it in this workspace' }));
  await userEvent.click(page.getByRole('link', { name: 'Its card' }));
  await expect.element(page.getByText('CC BY-SA').or(page.getByText('Apache-2.0')).first()).toBeVisible();
  const index = () =>
    database()
      .vectorIndexes.filter((row) => row.adapterId === adapterId)
      .first();
  await expect.poll(async () => (await index())?.count, patiently).toBe(topics.length);
  await jobs.disown(workspaceId);
});
