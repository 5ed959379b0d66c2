/** A small sweep on a running node through the app in Chromium: every trial runs there, one adapter comes home. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { rowsOf } from '../../../scripts/demo/table-rows.ts';
import type { AdapterRow, RunRow } from '../../../src/storage/schema.ts';
import { fillForm, until } from './app-steps.ts';

interface Node {
  address: string;
  /** With the token. */
  headers: Record<string, string>;
}

const RANKS = [2, 4];

export async function sweepOnNode(page: Page, { address, headers }: Node): Promise<void> {
  const before = (await rowsOf<AdapterRow>(page, 'adapters')).length;
  await fillForm(page, 'Search model', { Steps: '2', Batch: '16', 'Validate every': '2' });
  const rank = page.getByRole('group', { name: 'Try several values' }).getByRole('textbox', { name: 'Rank' });
  await rank.fill(RANKS.join(', '));
  await rank.press('Tab');
  await page.getByRole('radio', { name: /127\.0\.0\.1/ }).check();
  await page.getByRole('button', { name: /^Send and/ }).click();

  const trials = await until(page, async () => {
    const rows = (await rowsOf<RunRow>(page, 'runs')).filter(({ sweepId }) => sweepId !== undefined);
    const failed = rows.find(({ state }) => state === 'failed');
    assert.equal(failed, undefined, `${failed?.problem?.message} ${failed?.problem?.wayOut}`);
    return rows.length === RANKS.length && rows.every(({ state }) => state === 'done') && rows;
  });
  assert.deepEqual(trials.map(({ sweep }) => sweep?.values['rank']).sort(), RANKS);
  for (const trial of trials) assert.equal(trial.step, 2);
  assert.equal((await rowsOf<AdapterRow>(page, 'adapters')).length, before, 'no adapter comes before one is kept');

  await page.goto(`${page.url().split('#')[0]}#/tune?sweep=${trials[0]!.sweepId}`);
  await page.getByRole('button', { name: 'Keep the best' }).click();
  const kept = await until(page, async () =>
    (await rowsOf<AdapterRow>(page, 'adapters')).find(({ runId }) => trials.some(({ id }) => id === runId)),
  );
  const of = trials.find(({ id }) => id === kept.runId)!;
  assert.equal(kept.rank, of.sweep?.values['rank'], 'the adapter is that of its trial');
  assert.equal(of.best?.score, Math.max(...trials.map(({ best }) => best!.score)));

  await page.goto(`${page.url().split('#')[0]}#/tune?sweep=${of.sweepId}`);
  await page.getByRole('button', { name: 'Delete it there' }).click();
  await page.getByText(/Nothing of .* lies on/).waitFor();
  const left = (await (await fetch(`${address}/v1/models`, { headers })).json()) as { data: { id: string }[] };
  for (const { node } of trials) assert.ok(!left.data.some(({ id }) => id === node?.model));
}
