/**
 * Walks the way of a newcomer in a real Chromium, from nothing to the first cited answer and on to a tuned model and its
 * score, and keeps pictures of it: `npx tsx scripts/screenshots.ts <url> [folder]`. The app must be served at the address
 * (`npm start`).
 */
import { chromium, type Page } from 'playwright-core';
import { Album } from './screenshots/album.ts';
import { compareAnswers, dataSets, nodes, tuneSearch } from './screenshots/loop.ts';

const [url, folder = 'docs/screenshots'] = process.argv.slice(2);
if (!url) throw new Error('Give the address of the running app, e.g. http://localhost:4173/');

const QUESTION = 'What is the goal of the CEO Shadow Program?';
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 720 };
/** A small machine reads and embeds the samples and writes the answer within this. */
const PATIENCE_MS = 600_000;

const browser = await chromium.launch({
  executablePath: process.env.ATTUNE_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const album = new Album(folder, await browser.newPage());
const keep = (page: Page, name: string) => album.keep(page, name);

try {
  const page = await browser.newPage({ viewport: DESKTOP, colorScheme: 'light', reducedMotion: 'reduce' });
  page.on('pageerror', (error) => console.error('Error in the page:', error.message));
  await page.goto(url);
  await page.getByTestId('first-run').waitFor();
  await keep(page, '1-first-run');

  const started = Date.now();
  await page.getByRole('button', { name: 'Try with the sample documents' }).click();
  await page.getByTestId('preparing').waitFor();
  await page
    .getByText(/\d+ of \d+/)
    .first()
    .waitFor();
  await keep(page, '2-preparing');

  await page.getByTestId('preparing').waitFor({ state: 'detached', timeout: PATIENCE_MS });
  await keep(page, '3-questions');
  await page.getByRole('button', { name: QUESTION }).click();
  await page.getByRole('list', { name: 'Passages found' }).waitFor({ timeout: PATIENCE_MS });
  await keep(page, '4-answering');
  await page.getByTestId('answer').waitFor({ timeout: PATIENCE_MS });
  console.log(`From the click on the samples to the answer: ${((Date.now() - started) / 1000).toFixed(1)} s`);

  await page
    .getByTestId('answer')
    .getByRole('button', { name: /^Source \d/ })
    .first()
    .click();
  await page.getByTestId('source-panel').locator('mark').first().waitFor();
  await fromTheQuestion(page);
  await album.keepBoth(page, 'chat');
  await page.keyboard.press('Escape');
  await page.getByText('How this was answered').click();
  await page.getByText('How this was answered').scrollIntoViewIfNeeded();
  await keep(page, '5-how-answered');

  for (const screen of ['library', 'search', 'models', 'settings']) {
    await page.goto(`${url}#/${screen}`);
    await page.locator('#main > *').first().waitFor();
    if (screen === 'search') {
      await page.getByRole('searchbox').first().fill('negative feedback');
      await page.locator('#main mark').first().waitFor({ timeout: PATIENCE_MS });
    }
    await page.waitForLoadState('networkidle');
    await keep(page, screen);
  }

  const open = async (place: string) => {
    await page.goto(`${url}#/${place}`);
    await page.locator('#main > *').first().waitFor();
    await page.waitForLoadState('networkidle');
  };
  const tour = { page, album, open, patience: PATIENCE_MS };
  await dataSets(tour);
  await tuneSearch(tour);
  const run = page.url();
  await compareAnswers(tour);
  const questions = page.url();
  await nodes(tour);

  await page.setViewportSize(PHONE);
  for (const screen of ['chat', 'datasets', 'tune', 'compare']) {
    await open(screen);
    await keep(page, `phone-${screen}`);
  }
  for (const [name, address] of [
    ['phone-tune-done', run],
    ['phone-compare-table', questions.replace(/\?.*/, '')],
  ] as const) {
    await page.goto(address);
    await page.waitForLoadState('networkidle');
    await page.getByText(/^Working out/).waitFor({ state: 'detached' });
    await keep(page, name);
  }
} finally {
  await browser.close();
}

/** The conversation follows the answer's end; a picture wants its beginning. */
async function fromTheQuestion(page: Page): Promise<void> {
  await page.getByTestId('answer').evaluate((answer) => answer.previousElementSibling?.scrollIntoView());
}
