import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { datasets } from '../../../src/datasets/client.ts';
import { jobs } from '../../../src/jobs/client.ts';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { loadSamples } from '../../../src/workspaces/samples.ts';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';
import { addDataset, HASH } from './training-rows.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
  router.go('datasets');
});
afterAll(closeApp);

test('says what a data set is for where there is none, and takes a file in through the real worker', async () => {
  await expect.element(page.getByRole('heading', { name: 'No data set yet' })).toBeVisible();
  const lines = Array.from({ length: 30 }, (_, n) =>
    JSON.stringify({ question: `What is ${n}?`, answer: `${n}`, passage: `It is ${n}.`, document: `doc ${n % 10}` }),
  );
  const { datasetId } = await datasets.import(workspaceId, new File([lines.join('\n')], 'numbers.jsonl'));
  const row = page.getByRole('article', { name: 'numbers' });
  await expect.element(row).toHaveTextContent('30 questions');
  const { counts, hash } = (await database().datasets.get(datasetId))!;
  expect(counts.train + counts.validation + counts.test).toBe(30);
  await expect.element(row).toHaveTextContent(`${counts.train} to learn from`);
  await expect.element(row).toHaveTextContent(hash.slice(0, 12));
});

test('the sample questions wait for their documents, which are still being read, and then come in by themselves', async () => {
  await userEvent.click(page.getByRole('button', { name: 'Import' }));
  const more = Array.from({ length: 40 }, (_, n) => ({ path: `${n}.md`, blob: new Blob([`# ${n}\n\nNote ${n}.`]) }));
  await jobs.add(workspaceId, [...more, ...(await loadSamples())]);
  await userEvent.click(page.getByRole('menuitem', { name: 'The sample questions' }));
  await expect.element(page.getByRole('status').getByText('The documents are still being read')).toBeVisible();
  await expect
    .element(page.getByRole('article', { name: 'Questions on the sample documents' }), { timeout: 90_000 })
    .toHaveTextContent('107 questions');
  expect(page.getByRole('alert').elements()).toEqual([]);
});

test('says of a data set what it is made of: parts, hash, documents, and that the test part is locked', async () => {
  await addDataset(workspaceId);
  router.go('datasets', 'ds1');
  const head = page.getByRole('heading', { name: 'Handbook questions' });
  await expect.element(head).toBeVisible();
  for (const fact of [
    'Training',
    '32',
    'Validation',
    'Test',
    'locked',
    '8 documents',
    HASH.slice(0, 12),
    'Imported 40',
  ]) {
    await expect.element(page.getByRole('main')).toHaveTextContent(fact);
  }
  await userEvent.hover(page.getByRole('button', { name: 'locked' }));
  await expect.element(page.getByText(/never trained on/).first()).toBeVisible();
});

test('is renamed, leads to a run, and is deleted with ten seconds to take it back', async () => {
  await addDataset(workspaceId);
  await userEvent.click(page.getByRole('button', { name: 'More for Handbook questions' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Rename…' }));
  await userEvent.fill(page.getByRole('textbox', { name: 'Name' }), 'Leave');
  await userEvent.click(page.getByRole('button', { name: 'Save' }));
  const row = page.getByRole('article', { name: 'Leave' });
  await expect.element(row).toBeVisible();
  await userEvent.click(page.getByRole('button', { name: 'More for Leave' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Delete' }));
  await expect.element(row).not.toBeInTheDocument();
  expect(await database().examples.count()).toBe(40);
  await userEvent.click(page.getByRole('button', { name: 'Close notice' }).last());
  await expect.poll(() => database().examples.count()).toBe(0);
});

test('recording is switched on beside what it is for, shows in the top bar, and is stopped there', async () => {
  const setting = async () => (await database().workspaces.get(workspaceId))?.settings.recordAnswers;
  await userEvent.selectOptions(page.getByLabelText('Record answers'), 'all');
  await expect.poll(setting).toBe('all');
  const mark = page.getByTestId('recorder-mark');
  await expect.element(mark).toHaveTextContent('Recording');
  expect(await axeFindings()).toEqual([]);
  await userEvent.click(mark);
  await expect.element(mark).not.toBeInTheDocument();
  expect(await setting()).toBe(undefined);
});

test('axe finds nothing on list, questions, quality, versions and export, and 360 pixels are enough', async () => {
  await addDataset(workspaceId, 'ds2');
  await expect.element(page.getByRole('article', { name: 'Handbook questions' })).toBeVisible();
  expect(await axeFindings()).toEqual([]);
  await page.viewport(360, 740);
  for (const view of ['questions', 'quality', 'versions']) {
    router.go('datasets', 'ds2', { view });
    await expect.element(page.getByRole('link', { name: new RegExp(`^${view}`, 'i') })).toHaveAttribute('aria-current');
    expect(await axeFindings()).toEqual([]);
    expect(document.documentElement.scrollWidth).toBe(360);
  }
  await userEvent.click(page.getByRole('button', { name: 'Export' }));
  await expect.element(page.getByRole('radio', { name: /^RAFT/ })).toBeVisible();
  expect(await axeFindings()).toEqual([]);
});
