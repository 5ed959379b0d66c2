import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { addDocument, closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
  await addDocument(workspaceId, 'd1', 'on-call.md');
  router.go('library', 'd1');
  await expect.element(page.getByTestId('document-view')).toHaveTextContent('one week');
});
afterAll(closeApp);

/** Selects words of the open document as a mouse would, also across its paragraphs. */
function select(from: string, to = from): void {
  const paragraphs = [...document.querySelectorAll('[data-testid="document-view"] p')];
  const textOf = (words: string) => {
    const walker = document.createTreeWalker(
      paragraphs.find((p) => p.textContent!.includes(words))!,
      NodeFilter.SHOW_TEXT,
    );
    while (walker.nextNode()) if (walker.currentNode.textContent!.includes(words)) return walker.currentNode as Text;
    throw new Error(`No text holds ${words}`);
  };
  const [start, end] = [textOf(from), textOf(to)];
  getSelection()!.setBaseAndExtent(start, start.data.indexOf(from), end, end.data.indexOf(to) + to.length);
}

test('words selected in a document become the evidence of a question by hand, in a new data set', async () => {
  select('lasts one week');
  await userEvent.click(page.getByRole('button', { name: 'Ask a question about this' }));
  const dialog = page.getByRole('dialog');
  await expect.element(dialog).toHaveTextContent('lasts one week');
  expect(await axeFindings()).toEqual([]);
  await userEvent.fill(dialog.getByRole('textbox', { name: 'Question' }), 'How long is a rotation?');
  await userEvent.click(dialog.getByRole('button', { name: 'Add the question' }));
  await expect.element(dialog).not.toBeInTheDocument();
  const [row] = await database().examples.where('workspaceId').equals(workspaceId).toArray();
  expect(row).toMatchObject({ question: 'How long is a rotation?', answer: 'lasts one week', chunkId: 'd1-0' });
  expect(row!.passage.slice(row!.evidence!.start, row!.evidence!.end)).toBe('lasts one week');
  expect(row!.provenance?.origin).toBe('labelled');
});

test('a selection across two passages is refused with what to do', async () => {
  select('Tuesday at ten', 'If an alert');
  await userEvent.click(page.getByRole('button', { name: 'Ask a question about this' }));
  await expect.element(page.getByText('These words lie in more than one passage')).toBeVisible();
  expect(await database().examples.count()).toBe(0);
});
