import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { closeApp, openApp } from './app-harness.ts';
import { openDataset, PASSAGE, rowOf } from './dataset-rows.ts';
import { axeFindings } from './screen-support.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

const inHand = () => page.getByRole('region', { name: 'Question in hand' });
const place = () => page.getByRole('toolbar').getByRole('status');
const reviews = async () => (await database().examples.orderBy('id').toArray()).map(({ id, review }) => [id, review]);

test('goes through questions by keys: next, previous, accept, reject, and back again', async () => {
  await openDataset(workspaceId, 4);
  await expect.element(inHand()).toHaveTextContent('How long does rotation 0 last?');
  await expect.element(page.getByRole('region', { name: 'Passage' })).toHaveTextContent(PASSAGE);
  expect(document.querySelector('mark')?.textContent).toBe('one week');

  await userEvent.keyboard('jj');
  await expect.element(place()).toHaveTextContent('3 of 4');
  await userEvent.keyboard('k');
  await expect.element(inHand()).toHaveTextContent('rotation 1');
  await userEvent.keyboard('a');
  await expect.element(inHand()).toHaveTextContent('rotation 2');
  await userEvent.keyboard('x');
  await expect.element(inHand()).toHaveTextContent('rotation 3');
  await expect.poll(reviews).toEqual([
    ['row0', undefined],
    ['row1', 'accepted'],
    ['row2', 'rejected'],
    ['row3', undefined],
  ]);

  await userEvent.keyboard('u');
  await expect.element(inHand()).toHaveTextContent('rotation 2');
  await userEvent.keyboard('u');
  await expect.element(inHand()).toHaveTextContent('rotation 1');
  await expect.poll(async () => (await reviews()).every(([, review]) => review === undefined)).toBe(true);
});

test('an edit is written in place, accepts the question, and is undone as a whole', async () => {
  await openDataset(workspaceId, 3);
  await expect.element(inHand()).toHaveTextContent('rotation 0');
  await userEvent.keyboard('e');
  const question = page.getByRole('textbox', { name: 'Question', exact: true });
  await expect.element(question).toHaveFocus();
  // Letters typed into a field are letters.
  await userEvent.fill(question, 'How long is a rotation? jax');
  await userEvent.fill(page.getByRole('textbox', { name: 'Also right' }), 'seven days\n7 days');
  await userEvent.keyboard('{Control>}{Enter}{/Control}');
  await expect.poll(async () => (await rowOf(0)).question).toBe('How long is a rotation? jax');
  await expect.element(inHand()).toHaveTextContent('Also right: seven days · 7 days');
  await expect.poll(async () => (await rowOf(0)).review).toBe('accepted');
  await expect.element(inHand()).toHaveTextContent('How long is a rotation? jax');

  await userEvent.keyboard('u');
  await expect.poll(async () => (await rowOf(0)).question).toBe('How long does rotation 0 last?');
  expect(await rowOf(0)).not.toHaveProperty('moreAnswers');
  await expect.poll(async () => (await rowOf(0)).review).toBe(undefined);
});

test('filters by state: what is decided leaves, and the next one takes its place', async () => {
  await openDataset(workspaceId, 5, (_, n) => (n === 1 ? { removedBy: 'length' } : {}));
  await userEvent.selectOptions(page.getByRole('combobox', { name: 'State' }), 'open');
  await expect.element(place()).toHaveTextContent('1 of 4');
  await userEvent.keyboard('j');
  await expect.element(inHand()).toHaveTextContent('rotation 2');
  await userEvent.keyboard('a');
  await expect.element(inHand()).toHaveTextContent('rotation 3');
  await expect.element(place()).toHaveTextContent('2 of 3');

  await userEvent.selectOptions(page.getByRole('combobox', { name: 'State' }), 'all');
  await userEvent.keyboard('/');
  await expect.element(page.getByRole('searchbox')).toHaveFocus();
  await userEvent.keyboard('rotation 4{Escape}');
  await expect.element(inHand()).toHaveTextContent('rotation 4');
  await userEvent.click(page.getByRole('searchbox'));
  await userEvent.keyboard('nothing like it');
  await expect.element(page.getByText('No question fits.')).toBeVisible();
});

test('all that are shown are decided on at once, and that is undone at once', async () => {
  await openDataset(workspaceId, 12);
  await userEvent.click(page.getByRole('button', { name: 'All that are shown' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Accept the 12 shown' }));
  const accepted = () =>
    database()
      .examples.filter(({ review }) => review === 'accepted')
      .count();
  await expect.poll(accepted).toBe(12);
  await userEvent.keyboard('{Escape}');
  await userEvent.keyboard('u');
  await expect.poll(accepted).toBe(0);
});

test('a question is asked about words selected in the passage', async () => {
  const datasetId = await openDataset(workspaceId, 2);
  await expect.element(inHand()).toHaveTextContent('rotation 0');
  const passage = document.querySelector('.passage')!;
  const text = [...passage.childNodes].find((node) => node.textContent!.includes('starts later'))!;
  const from = text.textContent!.indexOf('starts later');
  getSelection()!.setBaseAndExtent(text, from, text, from + 'starts later '.length);
  await userEvent.click(page.getByRole('button', { name: 'Ask about the selection' }));
  const dialog = page.getByRole('dialog');
  await expect.element(dialog).toHaveTextContent('starts later');
  await userEvent.fill(dialog.getByRole('textbox', { name: 'Question' }), 'What may somebody do who was paged?');
  await userEvent.selectOptions(dialog.getByRole('combobox', { name: 'Kind' }), 'procedure');
  await userEvent.click(dialog.getByRole('button', { name: 'Add the question' }));
  const added = () => database().examples.where('datasetId').equals(datasetId).count();
  await expect.poll(added).toBe(3);
  const row = await database()
    .examples.filter(({ provenance }) => provenance?.origin === 'labelled')
    .first();
  expect(row!.passage.slice(row!.evidence!.start, row!.evidence!.end)).toBe('starts later');
  expect(row!.kind).toBe('procedure');
  await expect.element(page.getByText('2 questions')).not.toBeInTheDocument();
});

test('selected words become the evidence of the question in hand, by button and by key, and that is undone', async () => {
  await openDataset(workspaceId, 2);
  await expect.element(inHand()).toHaveTextContent('rotation 0');
  const select = (words: string) => {
    const nodes = [...document.querySelector('.passage')!.childNodes];
    const holder = nodes.find((node) => node.textContent!.includes(words))!;
    const text = holder.firstChild ?? holder;
    const from = text.textContent!.indexOf(words);
    getSelection()!.setBaseAndExtent(text, from, text, from + words.length);
  };
  const evidence = async () => {
    const { passage, evidence: at } = await rowOf(0);
    return at && passage.slice(at.start, at.end);
  };
  const marked = () => document.querySelector('.passage mark')?.textContent;
  select('starts later');
  await userEvent.click(page.getByRole('button', { name: 'Use as evidence' }));
  await expect.poll(evidence).toBe('starts later');
  await expect.poll(marked).toBe('starts later');
  expect((await rowOf(0)).review).toBe(undefined);
  await expect.element(page.getByRole('button', { name: 'Use as evidence' })).toBeDisabled();

  select('one week');
  await userEvent.keyboard('m');
  await expect.poll(evidence).toBe('one week');
  await userEvent.keyboard('u');
  await expect.poll(evidence).toBe('starts later');
  await userEvent.keyboard('u');
  await expect.poll(evidence).toBe('one week');
  await expect.poll(marked).toBe('one week');
});

test('ten thousand rows: only those in view are in the page, and keys go through them', async () => {
  await openDataset(workspaceId, 10_000);
  await expect.element(place(), { timeout: 30_000 }).toHaveTextContent('1 of 10,000');
  expect(page.getByRole('list', { name: 'Questions' }).getByRole('listitem').elements().length).toBeLessThan(40);
  await userEvent.keyboard('jjj');
  await expect.element(inHand()).toHaveTextContent('rotation 3 last');
  await userEvent.keyboard('a');
  await expect.element(inHand()).toHaveTextContent('rotation 4 last');
});

test('axe finds nothing while reading, editing and with the keys shown, and 360 pixels are enough', async () => {
  await openDataset(workspaceId, 12, (_, n) => ({
    quality: { score: 0.4, findings: [{ rule: 'length', verdict: 'failed', reason: 'It is too long.' }] },
    ...(n === 0 && { negatives: ['Another passage.'], removedBy: 'length', kind: 'fact' as const }),
  }));
  await expect.element(inHand()).toHaveTextContent('It is too long.');
  expect(await axeFindings()).toEqual([]);
  await userEvent.keyboard('?');
  await expect.element(page.getByRole('dialog')).toHaveTextContent('Accept, and go on');
  expect(await axeFindings()).toEqual([]);
  await userEvent.keyboard('{Escape}');
  await page.viewport(360, 740);
  await userEvent.click(page.getByRole('listitem').getByRole('button', { name: /rotation 1 last/ }));
  await userEvent.click(page.getByRole('button', { name: 'Edit' }));
  await expect.element(page.getByRole('textbox', { name: 'Question', exact: true })).toBeVisible();
  expect(await axeFindings()).toEqual([]);
  expect(document.documentElement.scrollWidth).toBe(360);
});
