import { afterAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { datasets } from '../../../src/datasets/client.ts';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { openDataset, rowOf } from './dataset-rows.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

const rule = (name: string) => page.getByRole('listitem').filter({ hasText: name }).first();

test('the checks say what each rule took out and why, and a rule that is switched off gives it back', async () => {
  const id = await openDataset(workspaceId, 6, (_, n) => ({
    answer: `It is week ${n}`,
    passage: `It is week ${n} of team ${n}.`,
    question: n === 2 ? 'What does this passage say about rotations?' : `Which week is it for team ${n}?`,
    evidence: undefined,
    documentKey: `team ${n}.md`,
  }));
  router.go('datasets', id, { view: 'quality' });
  await expect.element(page.getByText('No question is checked yet.')).toBeVisible();
  // Slow and fallible, so it is asked only by those who want it.
  await expect.element(page.getByRole('switch', { name: /whether the evidence supports/ })).not.toBeChecked();
  await userEvent.click(page.getByRole('button', { name: 'Run the checks' }));
  await expect.element(rule('Stands by itself'), { timeout: 30_000 }).toHaveTextContent('1 out');
  await expect.poll(async () => (await rowOf(2)).removedBy).toBe('selfContained');
  const { done, state } = (await database().jobs.where('workspaceId').equals(workspaceId).last())!;
  expect([state, done > 0]).toEqual(['done', true]);

  await userEvent.click(page.getByRole('button', { name: 'Show what Stands by itself took out' }));
  await expect.element(page.getByRole('toolbar').getByRole('status')).toHaveTextContent('1 of 1');
  const inHand = page.getByRole('region', { name: 'Question in hand' });
  await expect.element(inHand).toHaveTextContent('Removed by a rule');
  await expect.element(inHand).toHaveTextContent('(took it out)');

  await userEvent.click(page.getByRole('link', { name: /^Quality/ }));
  await userEvent.click(page.getByRole('button', { name: 'Bring back what Stands by itself took out' }));
  await expect.poll(async () => (await rowOf(2)).removedBy).toBe(undefined);
  await expect.element(page.getByRole('switch', { name: 'Stands by itself' })).not.toBeChecked();
});

test('wrong passages are looked for by the settings that are shown', async () => {
  const id = await openDataset(workspaceId, 3);
  const passedOver = { right: 0, sameDocument: 0, nearDuplicate: 0, holdsAnswer: 0, tooSimilar: 0, testPart: 0 };
  const mine = vi.spyOn(datasets, 'mineNegatives').mockResolvedValue({ rows: 3, filled: 3, negatives: 6, passedOver });
  onTestFinished(() => mine.mockRestore());
  router.go('datasets', id, { view: 'quality' });
  const section = page.getByRole('region', { name: /^Passages that look right/ });
  await userEvent.click(section.getByText('Settings'));
  await userEvent.click(section.getByRole('switch', { name: 'From the same document' }));
  await userEvent.click(section.getByRole('button', { name: 'Find some' }));
  await expect.element(section.getByRole('status')).toHaveTextContent('6 passages for 3 questions.');
  expect(mine.mock.calls[0]!.slice(0, 2)).toEqual([id, { sameDocument: true }]);
});

test('versions are kept, compared word by word, and brought back', async () => {
  const id = await openDataset(workspaceId, 3);
  router.go('datasets', id, { view: 'versions' });
  await userEvent.fill(page.getByRole('textbox'), 'As it came');
  await userEvent.click(page.getByRole('button', { name: 'Keep a version' }));
  await expect.element(page.getByText('As it came')).toBeVisible();
  await datasets.edit('row1', { answer: 'One whole week.' });
  await datasets.removeExamples(['row2']);

  await userEvent.click(page.getByRole('button', { name: /^Compare with now/ }).first());
  const comparison = page.getByRole('region', { name: 'Comparison' });
  await expect.element(comparison).toHaveTextContent('0 questions added, 1 removed, 1 changed, 1 the same.');
  await expect.element(comparison.getByRole('region', { name: 'Changed' })).toHaveTextContent('One whole week.');
  expect(document.querySelector('ins')?.textContent?.trim()).toBe('whole');

  await userEvent.click(page.getByRole('button', { name: /^Bring back/ }).last());
  await expect.poll(() => database().examples.where('datasetId').equals(id).count()).toBe(3);
  expect((await database().examples.where('datasetId').equals(id).toArray()).map(({ answer }) => answer)).toEqual(
    Array.from({ length: 3 }, () => 'One week.'),
  );
});

test('a new split starts with how the questions were split', async () => {
  const id = await openDataset(workspaceId, 40);
  await datasets.resplit(id, { by: 'passage', seed: 7 });
  await userEvent.click(page.getByRole('button', { name: 'More for Rotations' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Split again…' }));
  const dialog = page.getByRole('dialog');
  await expect.element(dialog.getByRole('combobox', { name: 'Keep together' })).toHaveValue('passage');
  await expect.element(dialog.getByRole('spinbutton', { name: 'Seed' })).toHaveValue(7);
  await expect.element(dialog).toHaveTextContent('Every question stays in its part.');
});

test('a new split is shown before it is made, with what it does to the test part', async () => {
  const id = await openDataset(workspaceId, 40);
  await userEvent.click(page.getByRole('button', { name: 'More for Rotations' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Split again…' }));
  const dialog = page.getByRole('dialog');
  await expect.element(dialog).toHaveTextContent(/change(s)? the part/);
  await userEvent.click(dialog.getByRole('button', { name: 'Split again' }));
  await expect.element(dialog).not.toBeInTheDocument();
  const rows = await database().examples.where('datasetId').equals(id).toArray();
  // No document lies in two parts.
  for (const key of new Set(rows.map(({ documentKey }) => documentKey))) {
    expect(new Set(rows.filter((row) => row.documentKey === key).map(({ split }) => split)).size).toBe(1);
  }
});
