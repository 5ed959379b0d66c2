import { mount, unmount } from 'svelte';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { datasets } from '../../../src/datasets/client.ts';
import { database } from '../../../src/storage/database.ts';
import { DataSets } from '../../../src/ui/state/data-sets.svelte.ts';
import { ImportDraft } from '../../../src/ui/screens/datasets/bring/import-draft.svelte.ts';
import ImportDialog from '../../../src/ui/screens/datasets/bring/ImportDialog.svelte';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

let workspaceId: string;
let dialog: Record<string, unknown> | undefined;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterEach(async () => {
  if (dialog) await unmount(dialog);
  dialog = undefined;
});
afterAll(closeApp);

/** As after the browser's picker for files, which no test can fill in. */
function bring(files: File | File[]): void {
  dialog = mount(ImportDialog, {
    target: document.getElementById('app')!,
    props: { draft: new ImportDraft(files), sets: new DataSets(workspaceId), onclose: () => undefined },
  });
}

test('columns that go by other names are mapped by hand, with a preview before anything is stored', async () => {
  const rows = Array.from(
    { length: 12 },
    (_, n) => `"Wie lang ist ${n}?","${n} m","Der Weg ${n} ist ${n} m lang.",w${n}`,
  );
  bring(new File([['frage,loesung,stelle,datei', ...rows].join('\n')], 'wege.csv', { type: 'text/csv' }));
  await expect.element(page.getByText('0 of 12 rows can be read')).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Import', exact: true })).toBeDisabled();

  for (const [field, column] of [
    ['Question', 'frage'],
    ['Answer', 'loesung'],
    ['Passage', 'stelle'],
    ['Document', 'datei'],
  ] as const) {
    await userEvent.selectOptions(page.getByRole('combobox', { name: field, exact: true }), column);
  }
  await expect.element(page.getByText('12 of 12 rows can be read')).toBeVisible();
  await expect.element(page.getByRole('table')).toHaveTextContent('Der Weg 0 ist 0 m lang.');
  expect(await axeFindings()).toEqual([]);
  expect(await database().examples.count()).toBe(0);

  await userEvent.click(page.getByRole('button', { name: 'Import 12 rows' }));
  await expect.poll(() => database().examples.count()).toBe(12);
  const { question, answer, passage } = (await database().examples.toCollection().first())!;
  expect(question).toMatch(/^Wie lang ist/);
  expect(answer).toMatch(/ m$/);
  expect(passage).toMatch(/^Der Weg/);
});

test('says what a file is taken for, and which of its rows cannot be read and why', async () => {
  const chat = (question: string) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: question },
        { role: 'assistant', content: 'Four.' },
      ],
    });
  bring(new File([[chat('What is two and two?'), chat(''), 'no json'].join('\n')], 'chats.jsonl'));
  await expect.element(page.getByText('Chat messages')).toBeVisible();
  await expect.element(page.getByText('1 of 3 rows can be read')).toBeVisible();
  await userEvent.click(page.getByText('2 rows cannot be read, and why'));
  await expect.element(page.getByText('Row 3')).toBeVisible();
});

test('rows are added to a data set that is there', async () => {
  const datasetId = await datasets.create(workspaceId, 'Roads');
  bring(new File(['question,answer,passage\nHow long is it?,A mile,It is a mile long.'], 'roads.csv'));
  await userEvent.selectOptions(page.getByRole('combobox', { name: 'Into' }), 'Roads');
  await expect.element(page.getByRole('textbox', { name: 'Name of the data set' })).not.toBeInTheDocument();
  await userEvent.click(page.getByRole('button', { name: 'Import 1 row' }));
  await expect.poll(() => database().examples.where('datasetId').equals(datasetId).count()).toBe(1);
  expect(await database().datasets.count()).toBe(1);
});

test('several files are shown together, though each has a row 1', async () => {
  const file = (name: string) => {
    const row = { question: `What is in ${name}?`, answer: 'A row', passage: `A row is in ${name}.` };
    return new File([[JSON.stringify(row), 'no json'].join('\n')], name);
  };
  bring([file('one.jsonl'), file('two.jsonl')]);
  await expect.element(page.getByText('2 of 4 rows can be read')).toBeVisible();
  await expect.element(page.getByRole('table')).toHaveTextContent('What is in two.jsonl?');
  await userEvent.click(page.getByText('2 rows cannot be read, and why'));
  await expect.element(page.getByText('it is no JSON (in two.jsonl)')).toBeVisible();
});
