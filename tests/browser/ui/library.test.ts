import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { addDocument, closeApp, openApp, ROTATION } from './app-harness.ts';
import { addFiles, axeFindings, documentRows } from './screen-support.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
  router.go('library');
});
afterAll(closeApp);

const grid = () => page.getByRole('grid');
const shownRows = () => [...document.querySelectorAll('[role="grid"] [aria-rowindex]')].slice(1) as HTMLElement[];
const shownNames = () => shownRows().map((row) => row.querySelector('a')!.textContent!.trim());

describe('a library of 10,000 documents', () => {
  beforeEach(async () => {
    await database().documents.bulkAdd(documentRows(workspaceId, 10_000));
    await expect.element(grid()).toHaveAttribute('aria-rowcount', '10001');
  });

  test('draws only the rows that are seen, and filters and sorts all of them', async () => {
    expect(shownRows().length).toBeLessThan(60);
    await userEvent.click(page.getByRole('button', { name: 'Name', exact: true }));
    await expect.poll(() => shownNames().slice(0, 3)).toEqual(['report 0.md', 'report 1.md', 'report 2.md']);
    await userEvent.fill(page.getByRole('searchbox', { name: 'Filter by name or folder' }), 'report 500');
    const matching = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => String(n).includes('500'));
    await expect.poll(() => shownNames().slice(0, 12)).toEqual(matching.slice(0, 12).map((n) => `report ${n}.md`));
    await userEvent.click(page.getByRole('button', { name: /folder 20/ }));
    await expect.poll(shownNames).toEqual(matching.filter((n) => n % 40 === 20).map((n) => `report ${n}.md`));
  });

  test('is walked and selected by keyboard, to its very end', async () => {
    await userEvent.click(page.getByRole('button', { name: 'Name', exact: true }));
    (grid().element() as HTMLElement).focus();
    await userEvent.keyboard('{End}');
    await expect.poll(() => shownNames().at(-1)).toBe('report 9999.md');
    await userEvent.keyboard('{Shift>}{ArrowUp}{ArrowUp}{/Shift}');
    await expect.element(page.getByText('3 documents selected')).toBeVisible();
    await userEvent.keyboard('{Escape}');
    await expect.element(page.getByText('3 documents selected')).not.toBeInTheDocument();
  });

  test('shows a change of one row without losing the others', async () => {
    const problem = {
      code: 'document/encrypted',
      message: 'report 9999.md is encrypted.',
      wayOut: 'Remove its password.',
    };
    await database().documents.update('d9999', { status: 'failed', problem, updatedAt: Date.now() });
    await expect.element(page.getByRole('button', { name: '1 failed' })).toBeVisible();
    await userEvent.click(page.getByRole('button', { name: '1 failed' }));
    await expect.poll(shownNames).toEqual(['report 9999.md']);
    await expect
      .element(page.getByRole('gridcell', { name: /is encrypted.*Remove its password/ }).first())
      .toBeVisible();
    await database().documents.delete('d9999');
    await expect.element(page.getByText('9,999 documents', { exact: false })).toBeVisible();
  });
});

test('real files are read into passages, and deleting can be undone until it is final', async () => {
  await addFiles(workspaceId, {
    'hr/leave.md': '# Leave\n\nAnnual leave is 25 days.',
    'notes.txt': 'Buy milk and bread.',
  });
  await expect.poll(() => shownNames().sort()).toEqual(['leave.md', 'notes.txt']);
  await expect.element(page.getByText('2 passages').first()).toBeVisible();

  const remove = () => userEvent.click(page.getByRole('button', { name: 'Delete notes.txt' }));
  await remove();
  await expect.poll(shownNames).toEqual(['leave.md']);
  await userEvent.click(page.getByRole('button', { name: 'Undo' }).last());
  await expect.poll(() => shownNames().sort()).toEqual(['leave.md', 'notes.txt']);
  expect(await database().documents.count()).toBe(2);

  await remove();
  await userEvent.click(page.getByRole('button', { name: 'Close notice' }).last());
  await expect.poll(() => database().documents.count()).toBe(1);
  expect(await database().chunks.count()).toBe(1);
});

test('pasted text becomes a document named after its first line', async () => {
  await userEvent.click(page.getByRole('button', { name: 'Add your own' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Paste text…' }));
  await userEvent.fill(
    page.getByRole('textbox', { name: 'Text' }),
    '# On-call rules\n\nThe rotation changes on Tuesday.',
  );
  await userEvent.click(page.getByRole('button', { name: 'Add to the library' }));
  await expect
    .poll(async () => (await database().documents.toArray()).map((row) => row.path))
    .toEqual(['On-call rules.md']);
});

describe('an open document', () => {
  test('leaves filter and selection of the list as they were', async () => {
    await addDocument(workspaceId, 'd1', 'on-call.md');
    await addDocument(workspaceId, 'd2', 'leave.md');
    await userEvent.fill(page.getByRole('searchbox', { name: 'Filter by name or folder' }), 'call');
    await expect.poll(shownNames).toEqual(['on-call.md']);
    await userEvent.click(page.getByRole('link', { name: 'on-call.md' }));
    await expect.element(page.getByTestId('document-view')).toHaveTextContent('The on-call engineer is told first.');
    await expect.element(page.getByRole('searchbox', { name: 'Filter by name or folder' })).toHaveValue('call');
    expect(shownNames()).toEqual(['on-call.md']);
  });

  test('marks the linked passage and draws where passages begin', async () => {
    await addDocument(workspaceId, 'd1', 'on-call.md');
    const start = ROTATION.indexOf('If an alert');
    router.go('library', 'd1', { start: String(start), end: String(ROTATION.length) });
    const view = page.getByTestId('document-view');
    await expect.element(view.getByRole('mark')).toHaveTextContent(ROTATION.slice(start));
    await userEvent.click(view.getByRole('button', { name: 'Passages' }));
    await expect.element(view.getByText('Passage 1')).toBeVisible();
    await expect.element(view.getByText('Passage 2')).toBeVisible();
    expect(view.element().querySelectorAll('.boundary')).toHaveLength(2);
  });

  test('of two megabytes draws only what is near, and scrolls to a passage at its end', async () => {
    const text = Array.from(
      { length: 20_000 },
      (_, n) => `Paragraph ${n} says what a hundred others say, only with its own number.`,
    ).join('\n\n');
    await addDocument(workspaceId, 'long', 'long.md', text);
    const start = text.indexOf('Paragraph 19500 ');
    router.go('library', 'long', { start: String(start), end: String(start + 15) });
    const view = page.getByTestId('document-view');
    await expect.element(view.getByRole('mark')).toHaveTextContent('Paragraph 19500');
    await expect.element(view.getByRole('mark')).toBeInViewport();
    expect(view.element().querySelectorAll('p').length).toBeLessThan(1_500);
  });

  test('shows hostile text as text', async () => {
    const hostile =
      'See <img src=x onerror="window.hacked=1"> and [click](javascript:window.hacked=1) <script>window.hacked=1</script>';
    await addDocument(workspaceId, 'bad', 'bad.md', hostile);
    router.go('library', 'bad');
    const view = page.getByTestId('document-view');
    await expect.element(view).toHaveTextContent('See');
    expect(view.element().querySelectorAll('img, script, [href^="javascript"]')).toHaveLength(0);
    expect((window as { hacked?: number }).hacked).toBeUndefined();
  });
});

test('axe finds nothing on list and document, and 360 pixels are enough', async () => {
  await addDocument(workspaceId, 'd1', 'on-call.md', `# Rules\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n${ROTATION}`);
  await expect.element(grid()).toBeVisible();
  expect(await axeFindings()).toEqual([]);
  router.go('library', 'd1', { start: '2', end: '7' });
  await expect.element(page.getByTestId('document-view').getByRole('mark')).toBeVisible();
  expect(await axeFindings()).toEqual([]);
  await page.viewport(360, 740);
  await expect.element(page.getByRole('button', { name: 'Close the document' })).toBeInViewport();
  expect(await axeFindings()).toEqual([]);
  await userEvent.click(page.getByRole('button', { name: 'Close the document' }));
  await expect.element(grid()).toBeInViewport();
  expect(document.documentElement.scrollWidth).toBe(360);
});
