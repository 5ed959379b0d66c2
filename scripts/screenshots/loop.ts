import type { Page } from 'playwright-core';
import type { Album } from './album.ts';

/** What each part of the walk from questions to a score is given. */
export interface Tour {
  page: Page;
  album: Album;
  /** Goes to a screen: `tune`, `settings/nodes?…`. */
  open: (place: string) => Promise<void>;
  /** What a small machine may take for one step, in milliseconds. */
  patience: number;
}

/** The sample questions: chosen to tune on, listed, reviewed, checked; and the form that writes others. */
export async function dataSets({ page, album, open, patience }: Tour): Promise<void> {
  await open('tune');
  await page.getByRole('button', { name: 'Use the sample questions' }).click();
  await page.getByRole('radio', { name: /^Search model/ }).check();
  await page.getByText(/here, .* of memory/).waitFor({ timeout: patience });
  await album.keep(page, 'tune');
  await open('datasets/new');
  await page.getByRole('heading', { name: 'Make questions' }).waitFor();
  await page.getByText('Counting the passages').waitFor({ state: 'detached', timeout: patience });
  await album.keep(page, 'datasets-make');
  await open('datasets');
  await album.keep(page, 'datasets');
  await page.getByRole('link', { name: 'Questions on the sample documents' }).first().click();
  await page.getByRole('navigation', { name: 'Views of this data set' }).waitFor();
  await page.getByRole('region', { name: 'Passage' }).waitFor({ timeout: patience });
  await album.keepBoth(page, 'datasets-review');
  await page.getByRole('link', { name: /^Quality/ }).click();
  await page.getByRole('button', { name: 'Run the checks' }).click();
  await page.getByRole('button', { name: 'Run them again' }).waitFor({ timeout: patience });
  await album.keep(page, 'datasets-quality');
}

/** A short run of the search model: under way, and what it bought. */
export async function tuneSearch({ page, album, open, patience }: Tour): Promise<void> {
  await open('tune');
  await page.getByRole('radio', { name: /^Search model/ }).check();
  await page.getByText('All settings').click();
  for (const [knob, value] of [
    ['Steps', '40'],
    ['Validate every', '5'],
    ['Batch', '16'],
  ] as const) {
    await page.getByRole('spinbutton', { name: knob, exact: true }).fill(value);
    await page.keyboard.press('Tab');
  }
  await page.getByText(/here, .* of memory/).waitFor({ timeout: patience });
  await page.getByRole('button', { name: 'Start tuning' }).click();
  await page.getByText(/Step (1[5-9]|2\d) of 40/).waitFor({ timeout: patience });
  await album.keepBoth(page, 'tune-running');
  await page.getByRole('region', { name: 'What it bought' }).waitFor({ timeout: patience });
  await album.keep(page, 'tune-done');
}

/** The answer model as it is against the one that is tuned to answer: the table, and the questions behind a number. */
export async function compareAnswers({ page, album, open, patience }: Tour): Promise<void> {
  await open('compare');
  const boxes = (group: RegExp) => page.getByRole('group', { name: group }).getByRole('checkbox');
  await boxes(/^Search/)
    .first()
    .waitFor();
  for (const [place, model] of (await boxes(/^Search/).all()).entries()) await model.setChecked(place === 0);
  // The first choice is to ask for no answers.
  for (const [place, answer] of (await boxes(/^Answers/).all()).entries()) await answer.setChecked(place > 0);
  await album.keep(page, 'compare-new');
  await page.getByRole('button', { name: 'Start the comparison' }).click();
  // The untuned answer model goes on until it is cut off.
  await page
    .getByText('Done', { exact: true })
    .first()
    .waitFor({ timeout: 3 * patience });
  // The last figures follow the last answer.
  await page.getByRole('columnheader').getByText('n = 15').first().waitFor({ timeout: patience });
  await album.keepBoth(page, 'compare');
  await page.getByRole('link', { name: 'Questions', exact: true }).click();
  await page.waitForLoadState('networkidle');
  await album.keep(page, 'compare-questions');
}

/** The form that a node's pairing link opens; nothing answers at the address. */
export async function nodes({ page, album, open }: Tour): Promise<void> {
  await open('settings?companion=https%3A%2F%2Fgpu.example.lan%3A8700&token=shown-by-the-node');
  await page.getByRole('dialog').waitFor();
  await album.keep(page, 'nodes-pairing');
  await page.getByRole('button', { name: 'Pair', exact: true }).click();
  const node = page.getByRole('article', { name: 'gpu.example.lan:8700' });
  await node.getByRole('button', { name: 'Reload to connect' }).waitFor();
  await node.scrollIntoViewIfNeeded();
  await album.keep(page, 'nodes');
  await node.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Forget it' }).click();
  await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' });
}
