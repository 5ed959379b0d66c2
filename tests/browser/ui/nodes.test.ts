import { afterAll, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { addDataset } from './training-rows.ts';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

/** Nothing listens on it: the page itself must get by without the node. */
const ADDRESS = 'http://127.0.0.1:9';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

const nodes = () => database().nodes.toArray();

async function pair() {
  router.go('settings', null, { companion: ADDRESS, token: 'secret-token' });
  await userEvent.click(page.getByRole('button', { name: 'Pair', exact: true }));
  await expect.poll(nodes).toHaveLength(1);
}

test('a pairing link fills in the form, its token leaves the address and stays among the secrets', async () => {
  router.go('settings', null, { companion: ADDRESS, token: 'secret-token' });
  await expect.element(page.getByRole('textbox', { name: /^Pairing link/ })).toHaveValue(ADDRESS);
  expect(location.href).not.toContain('secret-token');
  await userEvent.click(page.getByRole('button', { name: 'Pair', exact: true }));
  await expect.element(page.getByRole('article', { name: '127.0.0.1:9' })).toBeVisible();
  const [node] = await nodes();
  expect(JSON.stringify(node)).not.toContain('secret-token');
  expect((await database().secrets.get(node!.id))?.value).toBe('secret-token');
  await expect.element(page.getByText('cannot be reached', { exact: false })).toBeVisible();
  expect(await axeFindings()).toEqual([]);
});

test('a link without a token, and what is no address, are refused where they were typed', async () => {
  router.go('settings');
  await userEvent.click(page.getByRole('button', { name: 'Pair with a node' }));
  await userEvent.fill(page.getByRole('textbox', { name: /^Pairing link/ }), 'http://user:pass@host');
  await userEvent.fill(page.getByLabelText('Token'), 'x');
  await userEvent.click(page.getByRole('button', { name: 'Pair', exact: true }));
  await expect.element(page.getByRole('alert')).toHaveTextContent('is not the address of a node');
  expect(await nodes()).toEqual([]);
});

test('the Tune screen lists what would be sent before anything is, and names what stays', async () => {
  await addDataset(workspaceId);
  await pair();
  router.go('tune');
  await userEvent.click(page.getByRole('radio', { name: /^Search model/ }));
  await userEvent.click(page.getByRole('radio', { name: /^127\.0\.0\.1:9/ }));
  const main = page.getByRole('main');
  await expect.element(main).toHaveTextContent('Sent to 127.0.0.1:9: 36 questions with their answers');
  await expect.element(main).toHaveTextContent('Not sent: your documents');
  await expect.element(page.getByRole('button', { name: /^Send and start on/ })).toBeEnabled();
  await page.viewport(360, 740);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(360);
  // What is below the screen's edge can be reached, down to the last button; estimates that come in still move it.
  const start = page.getByRole('button', { name: /^Send and start on/ }).element();
  const isReached = () => {
    start.scrollIntoView({ block: 'center' });
    const { left, top, width, height } = start.getBoundingClientRect();
    return start.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };
  await expect.poll(isReached).toBe(true);
  await page.viewport(1280, 900);
});

test('a run with rows on a node bears a mark; forgetting the node says that they stay there, and the mark goes', async () => {
  await pair();
  const [node] = await nodes();
  const now = Date.now();
  await database().runs.add({
    ...{ id: 'run', workspaceId, name: 'Search model on Questions', task: 'embedder', modelId: 'all-MiniLM-L6-v2' },
    ...{ datasetId: 'd', datasetHash: 'h', seed: 1, settings: {}, state: 'paused', step: 3, steps: 9 },
    ...{ scoreName: 'MRR@10', seconds: 4, device: 'node', createdAt: now, updatedAt: now },
    node: { nodeId: node!.id, name: node!.name, fileId: 'file-1', rows: 12, jobId: 'job-1' },
  });
  router.go('tune', 'run');
  await expect.element(page.getByText('12 rows of the data set lie on 127.0.0.1:9', { exact: false })).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Delete it there' })).toBeEnabled();
  router.go('settings', 'nodes');
  await userEvent.click(page.getByRole('article', { name: '127.0.0.1:9' }).getByRole('button', { name: 'More' }));
  await userEvent.click(page.getByRole('menuitem', { name: 'Forget it…' }));
  await expect.element(page.getByRole('dialog')).toHaveTextContent('until somebody deletes its data folder');
  await userEvent.click(page.getByRole('button', { name: 'Forget anyway' }));
  await expect.poll(nodes).toHaveLength(0);
  router.go('tune', 'run');
  await expect
    .element(page.getByText('stays there until it is deleted on that machine', { exact: false }))
    .toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Delete it there' })).not.toBeInTheDocument();
});
