/** What a walk through the app in Chromium does on its screens. */
import type { Page } from 'playwright-core';
import { rowsOf } from '../../../scripts/demo/table-rows.ts';
import type { MessageRow } from '../../../src/storage/schema.ts';

/** Chooses on the form of Tune what is tuned, its fast preset, and values of settings by their names. */
export async function fillForm(page: Page, what: string, knobs: Readonly<Record<string, string>>): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}#/tune`);
  await page.getByRole('radio', { name: new RegExp(`^${what}`) }).check();
  await page.getByRole('radio', { name: /^Fast/ }).check();
  await page.getByText('All settings').click();
  for (const [name, value] of Object.entries(knobs)) {
    const field = page.getByRole('spinbutton', { name, exact: true });
    await field.fill(value);
    await field.press('Tab');
  }
}

/** The passages that the search by meaning finds for a question, in order. */
export async function ranking(page: Page, question: string): Promise<string> {
  await page.goto(`${page.url().split('#')[0]}#/search`);
  await page.getByRole('radio', { name: 'Meaning' }).check();
  const field = page.getByRole('searchbox', { name: 'Question or words' });
  await field.fill(question);
  await field.press('Enter');
  const hits = page.getByRole('article', { name: /^Hit \d/ });
  await hits.first().waitFor();
  await page.locator('[aria-busy="false"]').getByRole('article').first().waitFor();
  const names = await hits.evaluateAll((found) => found.map((hit) => hit.getAttribute('aria-label')));
  return names.join('\n');
}

/** The chat's answer to a question. */
export async function answered(page: Page, question: string): Promise<string> {
  await page.goto(`${page.url().split('#')[0]}#/chat`);
  const known = (await rowsOf(page, 'messages')).length;
  await page.getByRole('textbox').first().fill(question);
  await page.getByRole('textbox').first().press('Enter');
  return until(page, async () => {
    const messages = (await rowsOf<MessageRow>(page, 'messages')).sort((a, b) => a.createdAt - b.createdAt);
    const last = messages.at(-1);
    const done = messages.length > known && last?.role === 'assistant' && last.kind !== undefined;
    return done ? `${last.text} ${last.replacedText ?? ''}` : undefined;
  });
}

export async function until<T>(page: Page, ask: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 600_000;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await page.waitForTimeout(500);
  }
  throw new Error('The app did not get there.');
}
