import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { PRICES_SETTING } from '../../../src/evaluation/settings.ts';
import { database } from '../../../src/storage/database.ts';
import type { GenerationRow } from '../../../src/storage/schema.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { addDocument, closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

/** Definitions and a list, which rules alone find questions in. */
const GLOSSARY = [
  'A rotation is the time in which one engineer is told first of every alert. It lasts one week and changes on Tuesday at ten in the morning, and whoever was paged at night starts later the next day.',
  'An incident is an alert that a customer notices before it is solved. Every incident is written down on the day on which it happened, with what was seen, what was done, and what will be done next.',
  'A handover is a talk of a quarter of an hour between two engineers. The one who leaves the rotation tells the next one which alerts are still open, which were closed, and whom to ask about them.',
].join('\n\n');

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

test('without documents it says what is missing and offers the samples', async () => {
  router.go('datasets', 'new');
  await expect.element(page.getByRole('heading', { name: 'Questions are made from documents' })).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Add the sample documents' })).toBeVisible();
});

test('questions by rules alone: what it takes is said first, then they are written and can be looked through', async () => {
  await addDocument(workspaceId, 'd1', 'glossary.md', GLOSSARY);
  router.go('datasets', 'new');
  await userEvent.click(page.getByRole('radio', { name: /^By rules alone/ }));
  await expect.element(page.getByText('from 3 passages'), { timeout: 30_000 }).toBeVisible();
  await userEvent.fill(page.getByRole('textbox', { name: 'Name of the data set' }), 'Glossary');
  await userEvent.click(page.getByRole('button', { name: 'Start writing' }));

  const run = page.getByRole('article', { name: /^By rules alone/ });
  await expect.element(run, { timeout: 30_000 }).toHaveTextContent(/Done: \d+ questions? from 3 passages/);
  // In the order in which they are looked through; ids are drawn at random.
  const rows = await database().examples.where('workspaceId').equals(workspaceId).sortBy('ordinal');
  expect(rows.length).toBeGreaterThan(0);
  expect(new Set(rows.map(({ provenance }) => provenance?.origin))).toEqual(new Set(['extracted']));
  await userEvent.click(page.getByRole('link', { name: 'Look through all of them' }));
  await expect.element(page.getByRole('region', { name: 'Question in hand' })).toHaveTextContent(rows[0]!.question);
});

test('another seed writes other questions: it goes into the run', async () => {
  await addDocument(workspaceId, 'd1', 'glossary.md', GLOSSARY);
  router.go('datasets', 'new');
  await userEvent.click(page.getByRole('radio', { name: /^By rules alone/ }));
  await userEvent.click(page.getByText('All settings'));
  await userEvent.fill(page.getByRole('spinbutton', { name: 'Seed' }), '7');
  await userEvent.tab();
  await expect.element(page.getByText('from 3 passages'), { timeout: 30_000 }).toBeVisible();
  await userEvent.click(page.getByRole('button', { name: 'Start writing' }));
  await expect.poll(async () => (await database().generations.toArray()).map(({ seed }) => seed)).toEqual([7]);
});

test('passages that are too short start nothing, and it says why', async () => {
  await addDocument(workspaceId, 'd1', 'short.md', 'One line.\n\nAnother one.');
  router.go('datasets', 'new');
  await expect.element(page.getByText('No passage here is worth a question'), { timeout: 30_000 }).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Start writing' })).toBeDisabled();
});

test('only the chosen documents are read, and none chosen starts nothing', async () => {
  await addDocument(workspaceId, 'd1', 'glossary.md', GLOSSARY);
  await addDocument(workspaceId, 'd2', 'other.md', GLOSSARY);
  router.go('datasets', 'new');
  await userEvent.click(page.getByRole('radio', { name: /^By rules alone/ }));
  await userEvent.click(page.getByRole('radio', { name: 'Chosen ones' }));
  await expect.element(page.getByRole('button', { name: 'Start writing' })).toBeDisabled();
  await userEvent.click(page.getByRole('checkbox', { name: /glossary/ }));
  await expect.element(page.getByText('from 3 passages'), { timeout: 30_000 }).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Start writing' })).toBeEnabled();
});

/** A run by a large model that read one passage of four, and its data set. */
async function addPausedRun(more: Partial<GenerationRow> = {}) {
  const now = Date.now();
  const run: GenerationRow = {
    ...{ id: 'g1', workspaceId, name: 'Questions', datasetId: 'ds1', method: 'engine', settings: {}, seed: 1 },
    ...{ state: 'paused', chunkIds: ['a', 'b', 'c', 'd'], next: 1, drafts: 40, kept: 12, seconds: 60 },
    dropped: { 'no question': 8, 'not found again': 20 },
    ...{ tokens: { prompt: 6000, output: 1200 }, generator: 'A large model', createdAt: now, updatedAt: now },
    ...more,
  };
  const counts = { train: 0, validation: 0, test: 0 };
  await database().datasets.add({
    ...{
      id: 'ds1',
      workspaceId,
      name: 'Made',
      source: 'made',
      hash: '0'.repeat(64),
      counts,
      createdAt: 1,
      updatedAt: 1,
    },
  });
  await database().generations.add(run);
}

test('a run says how far it is, what it keeps, and what it drops and why', async () => {
  await addPausedRun();
  router.go('datasets', 'ds1', { view: 'writing' });
  const article = page.getByRole('article', { name: /^With a model/ });
  await expect.element(article).toHaveTextContent('Paused at passage 1 of 4. 12 questions so far.');
  await expect.element(article).toHaveTextContent('A large model');
  await expect.element(article).toHaveTextContent('720');
  const reasons = page.getByRole('region', { name: 'Dropped drafts' }).getByRole('listitem');
  await expect.element(reasons.first()).toHaveTextContent('not found again');
  expect(await axeFindings()).toEqual([]);

  await page.viewport(360, 740);
  expect(document.documentElement.scrollWidth).toBe(360);
});

test('what a hosted model costs stands beside its progress, with the facts of the data set and in the list', async () => {
  const line = { model: 'large', inputPerMillion: 100, outputPerMillion: 1000 };
  await database().settings.put({ key: PRICES_SETTING, value: { currency: 'USD', prices: [line] } });
  await addPausedRun({ hosted: 'large' });
  router.go('datasets', 'ds1', { view: 'writing' });
  const article = page.getByRole('article', { name: /^With a model/ });
  await expect.element(article).toHaveTextContent('USD 1.80 so far, about USD 7.20 in all');
  await expect.element(article).toHaveTextContent('Tokens read 6,000');

  await database().generations.update('g1', { state: 'done', next: 4 });
  await expect.element(article).not.toHaveTextContent('so far, about');
  router.go('datasets', 'ds1');
  await expect.element(page.getByRole('main')).toHaveTextContent(/Cost by your price list USD 1\.80/);
  router.go('datasets');
  await expect.element(page.getByRole('article', { name: 'Made' })).toHaveTextContent('cost USD 1.80');
});

test('axe finds nothing on the form with everything open, and 360 pixels are enough', async () => {
  await addDocument(workspaceId, 'd1', 'glossary.md', GLOSSARY);
  router.go('datasets', 'new');
  await userEvent.click(page.getByRole('radio', { name: /^With a model/ }));
  await userEvent.click(page.getByText('Prompts, word for word'));
  await expect.element(page.getByRole('textbox', { name: 'Instruction' })).toBeVisible();
  await userEvent.click(page.getByText('All settings'));
  expect(await axeFindings()).toEqual([]);
  await page.viewport(360, 740);
  expect(document.documentElement.scrollWidth).toBe(360);
});
